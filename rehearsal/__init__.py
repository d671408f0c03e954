"""The practice estate: web systems with the manners of office software, to rehearse inspections against."""
