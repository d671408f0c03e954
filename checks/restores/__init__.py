"""The items of the restore drill, one file each: RS01 …"""
