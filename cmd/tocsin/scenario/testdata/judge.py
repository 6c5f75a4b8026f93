#!/usr/bin/env python3
"""Works out whom a CAP alert is for, without any code of the engine: geometry by shapely (GEOS), XML by ElementTree.

usage: judge.py ALERT.xml PEOPLE.csv

It prints {"person": "language of his info", ...} as JSON. What it knows: polygons are planar in degrees and hold their
edges; circles are great circles of a sphere; geocodes hold the places that carry the same code; a person is told of the
severest info that holds one of his places, wants its category and its severity, in his own language where there is one.
"""

import csv
import json
import math
import sys
import xml.etree.ElementTree as ElementTree

import shapely
from shapely.geometry import Point, Polygon

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
EARTH_KM = 6371.0088
SEVERITIES = ["Unknown", "Minor", "Moderate", "Severe", "Extreme"]


def polygon(text):
    corners = [tuple(float(v) for v in pair.split(",")) for pair in text.split()]
    shape = Polygon([(lon, lat) for lat, lon in corners])
    shapely.prepare(shape)
    return lambda lat, lon: shape.covers(Point(lon, lat))


def circle(text):
    center, radius = text.split()
    lat0, lon0 = (math.radians(float(v)) for v in center.split(","))
    radius = float(radius)

    def holds(lat, lon):
        lat, lon = math.radians(lat), math.radians(lon)
        h = math.sin((lat - lat0) / 2) ** 2 + math.cos(lat0) * math.cos(lat) * math.sin((lon - lon0) / 2) ** 2
        # A place is known to the centimetre.
        return 2 * EARTH_KM * math.asin(math.sqrt(h)) <= radius + 1e-5

    return holds


class Info:
    def __init__(self, element):
        self.language = element.findtext(CAP + "language", "").strip()
        self.severity = SEVERITIES.index(element.findtext(CAP + "severity").strip())
        self.categories = {e.text.strip() for e in element.iter(CAP + "category")}
        self.shapes = [polygon(e.text) for e in element.iter(CAP + "polygon")]
        self.shapes += [circle(e.text) for e in element.iter(CAP + "circle")]
        self.codes = {
            e.findtext(CAP + "valueName").strip() + "=" + e.findtext(CAP + "value").strip()
            for area in element.iter(CAP + "area")
            for e in area.iter(CAP + "geocode")
        }

    def holds(self, place):
        where, _, least = place.partition("@")
        if least and SEVERITIES.index(least) > self.severity:
            return False
        if where.startswith("code:"):
            return where[len("code:"):] in self.codes
        lat, lon = (float(v) for v in where.split(","))
        return any(holds(lat, lon) for holds in self.shapes)


def choose(infos, person):
    wants = {w for w in person["wants"].split("|") if w}
    mine = [
        i for i in infos
        if (not wants or wants & i.categories) and any(i.holds(p) for p in person["places"].split(";") if p)
    ]
    if not mine:
        return None
    gravest = max(i.severity for i in mine)
    mine = [i for i in mine if i.severity == gravest]
    tongue = person["language"].partition("-")[0]
    return next((i for i in mine if tongue and i.language.partition("-")[0] == tongue), mine[0])


def main():
    infos = [Info(e) for e in ElementTree.parse(sys.argv[1]).getroot().iter(CAP + "info")]
    chosen = {}
    with open(sys.argv[2], newline="", encoding="utf-8") as lines:
        for person in csv.DictReader(lines):
            info = choose(infos, person)
            if info is not None:
                chosen[person["person"]] = info.language
    json.dump(chosen, sys.stdout)


main()
