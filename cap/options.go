package cap

import "time"

// Options bounds what Parse and Read take. The zero value of each field means its default; a limit below 0 is read as the
// default too, so none can be switched off by accident.
type Options struct {
	// MaxBytes is the size of the document in bytes (default 256 KiB).
	MaxBytes int
	// MaxInfos is the number of infos (64).
	MaxInfos int
	// MaxAreas is the number of areas per info (256).
	MaxAreas int
	// MaxResources is the number of resources per info (64).
	MaxResources int
	// MaxValues is the number of elements of one other name under one parent: codes, categories, eventCodes,
	// parameters, geocodes, polygons, circles (2,000).
	MaxValues int
	// MaxPolygonPoints is the number of points of one polygon (20,000).
	MaxPolygonPoints int
	// MaxPoints is the number of points of all polygons together (100,000).
	MaxPoints int
	// MaxListItems is the number of references, addresses or incidents (1,000).
	MaxListItems int
	// MaxText is the length in bytes of one text, polygons and derefUri excepted (64 KiB).
	MaxText int
	// Zone is for Read alone: the zone of times without offset, where the caller knows that of the authority. Without it
	// such a time is an error and left empty, for nobody may guess it.
	Zone *time.Location
	// Profile is whose rules the alert is checked with; the zero value is Core.
	Profile Profile
}

func (o Options) withDefaults() Options {
	for _, limit := range []struct {
		field *int
		value int
	}{
		{&o.MaxBytes, 256 << 10},
		{&o.MaxInfos, 64},
		{&o.MaxAreas, 256},
		{&o.MaxResources, 64},
		{&o.MaxValues, 2000},
		{&o.MaxPolygonPoints, 20_000},
		{&o.MaxPoints, 100_000},
		{&o.MaxListItems, 1000},
		{&o.MaxText, 64 << 10},
	} {
		if *limit.field <= 0 {
			*limit.field = limit.value
		}
	}
	return o
}
