"""The items of the page inspection (inspection-items, 页面巡检): one file each."""
