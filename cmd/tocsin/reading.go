package main

import (
	"io/fs"
	"os"
	"path/filepath"

	"tocsin/cap"
)

// atHome are the limits for documents that somebody names on his own machine: larger than those for what strangers send.
func atHome() cap.Options {
	return cap.Options{MaxBytes: maxDocument, MaxPolygonPoints: 200_000, MaxPoints: 1_000_000}
}

// readAlert reads a document through the strict door, or through the tolerant one, with findings that say what is wrong.
// The alert is nil when they hold an error.
func readAlert(document []byte, tolerant bool) (*cap.Alert, cap.Findings) {
	o := atHome()
	if !tolerant {
		return cap.ParseAll(document, o)
	}
	alert, findings := cap.Read(document, o)
	if findings.Err() != nil {
		alert = nil
	}
	return alert, findings
}

// documentsIn lists files, and the documents of folders: what ends in .xml or .cap, in the order of names.
func documentsIn(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		if name == "-" {
			files = append(files, name)
			continue
		}
		about, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !about.IsDir() {
			files = append(files, name)
			continue
		}
		err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && isDocument(path) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
