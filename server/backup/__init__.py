"""Backups that any database can take and bring back: rows as JSON lines, photos by hash, keys, and a manifest.

TARGET/photos/ab/cd/abcd…                  shared by all snapshots, so each copies only what is new
TARGET/snapshots/20260105T120000Z/
    manifest.json                          written last: without it, it is no backup
    tables/NAME.jsonl.gz                   one moment of the whole database
    keys/…                                 what signs and opens; whoever has them is the server
"""
