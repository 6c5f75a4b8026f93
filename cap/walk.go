package cap

import (
	"fmt"
	"time"
)

// The functions of this file turn a check of one thing into the check of an alert that finds all such things. A check
// of one thing returns what is wrong with it, or nothing.

func onAlert(path string, check func(a *Alert) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		if message := check(a); message != "" {
			report("alert"+path, message)
		}
	}
}

func infoPath(i int) string { return fmt.Sprintf("alert/info[%d]", i+1) }

func onInfo(path string, check func(a *Alert, i *Info) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for i := range a.Infos {
			if message := check(a, &a.Infos[i]); message != "" {
				report(infoPath(i)+path, message)
			}
		}
	}
}

func eachOf[T any](name string, list func(*Info) []T, check func(T) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for i := range a.Infos {
			for k, one := range list(&a.Infos[i]) {
				if message := check(one); message != "" {
					report(fmt.Sprintf("%s/%s[%d]", infoPath(i), name, k+1), message)
				}
			}
		}
	}
}

func onResource(path string, check func(a *Alert, r *Resource) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for i := range a.Infos {
			for k := range a.Infos[i].Resources {
				if message := check(a, &a.Infos[i].Resources[k]); message != "" {
					report(fmt.Sprintf("%s/resource[%d]%s", infoPath(i), k+1, path), message)
				}
			}
		}
	}
}

func areaPath(i, k int) string { return fmt.Sprintf("%s/area[%d]", infoPath(i), k+1) }

func onArea(path string, check func(ar *Area) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for i := range a.Infos {
			for k := range a.Infos[i].Areas {
				if message := check(&a.Infos[i].Areas[k]); message != "" {
					report(areaPath(i, k)+path, message)
				}
			}
		}
	}
}

func eachPolygon(check func(p Polygon) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for i := range a.Infos {
			for k := range a.Infos[i].Areas {
				for n, polygon := range a.Infos[i].Areas[k].Polygons {
					if message := check(polygon); message != "" {
						report(fmt.Sprintf("%s/polygon[%d]", areaPath(i, k), n+1), message)
					}
				}
			}
		}
	}
}

func eachCircle(check func(c Circle) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for i := range a.Infos {
			for k := range a.Infos[i].Areas {
				for n, circle := range a.Infos[i].Areas[k].Circles {
					if message := check(circle); message != "" {
						report(fmt.Sprintf("%s/circle[%d]", areaPath(i, k), n+1), message)
					}
				}
			}
		}
	}
}

// eachValue finds the eventCodes, parameters and geocodes.
func eachValue(path string, check func(v Value) string) func(*Alert, Report) {
	list := func(values []Value, at func() string, name string, report Report) {
		for k, v := range values {
			if message := check(v); message != "" {
				report(fmt.Sprintf("%s/%s[%d]%s", at(), name, k+1, path), message)
			}
		}
	}
	return func(a *Alert, report Report) {
		for i := range a.Infos {
			info := &a.Infos[i]
			at := func() string { return infoPath(i) }
			list(info.EventCodes, at, "eventCode", report)
			list(info.Parameters, at, "parameter", report)
			for k := range info.Areas {
				list(info.Areas[k].Geocodes, func() string { return areaPath(i, k) }, "geocode", report)
			}
		}
	}
}

// eachTime finds the times that are stated. Those of the references are left to their own rule.
func eachTime(check func(t time.Time) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		one := func(t time.Time, path func() string) {
			if !t.IsZero() {
				if message := check(t); message != "" {
					report(path(), message)
				}
			}
		}
		one(a.Sent, func() string { return "alert/sent" })
		for i := range a.Infos {
			info := &a.Infos[i]
			one(info.Effective, func() string { return infoPath(i) + "/effective" })
			one(info.Onset, func() string { return infoPath(i) + "/onset" })
			one(info.Expires, func() string { return infoPath(i) + "/expires" })
		}
	}
}

func eachReference(check func(a *Alert, r Reference) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for k, r := range a.References {
			if message := check(a, r); message != "" {
				report("alert/references", fmt.Sprintf("reference %d %s", k+1, message))
			}
		}
	}
}

// named is a text with the name of its element.
type named struct{ name, text string }

// eachText finds all texts.
func eachText(check func(text string) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		texts := func(at func() string, list ...named) {
			for _, one := range list {
				if message := check(one.text); message != "" {
					report(at()+"/"+one.name, message)
				}
			}
		}
		alert := func() string { return "alert" }
		texts(alert, named{"identifier", a.Identifier}, named{"sender", a.Sender}, named{"source", a.Source},
			named{"restriction", a.Restriction}, named{"note", a.Note})
		for k, text := range a.Codes {
			texts(alert, named{fmt.Sprintf("code[%d]", k+1), text})
		}
		for _, text := range a.Addresses {
			texts(alert, named{"addresses", text})
		}
		for _, text := range a.Incidents {
			texts(alert, named{"incidents", text})
		}
		for _, r := range a.References {
			texts(alert, named{"references", r.Sender}, named{"references", r.Identifier})
		}
		for i := range a.Infos {
			infoTexts(&a.Infos[i], i, texts)
		}
		eachValue("/valueName", func(v Value) string { return check(v.Name) })(a, report)
		eachValue("/value", func(v Value) string { return check(v.Value) })(a, report)
	}
}

func infoTexts(info *Info, i int, texts func(at func() string, list ...named)) {
	texts(func() string { return infoPath(i) }, named{"language", info.Language}, named{"event", info.Event},
		named{"audience", info.Audience}, named{"senderName", info.SenderName}, named{"headline", info.Headline},
		named{"description", info.Description}, named{"instruction", info.Instruction}, named{"web", info.Web},
		named{"contact", info.Contact})
	for k := range info.Resources {
		r := &info.Resources[k]
		texts(func() string { return fmt.Sprintf("%s/resource[%d]", infoPath(i), k+1) },
			named{"resourceDesc", r.Description}, named{"mimeType", r.MIMEType}, named{"uri", r.URI},
			named{"digest", r.Digest})
	}
	for k := range info.Areas {
		texts(func() string { return areaPath(i, k) }, named{"areaDesc", info.Areas[k].Description})
	}
}

// eachCode finds the codes.
func eachCode(check func(code string) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		for k, code := range a.Codes {
			if message := check(code); message != "" {
				report(fmt.Sprintf("alert/code[%d]", k+1), message)
			}
		}
	}
}

// eachProse finds the texts that people read.
func eachProse(check func(text string) string) func(*Alert, Report) {
	return func(a *Alert, report Report) {
		one := func(at func() string, name, text string) {
			if message := check(text); message != "" {
				report(at()+"/"+name, message)
			}
		}
		one(func() string { return "alert" }, "note", a.Note)
		for i := range a.Infos {
			info := &a.Infos[i]
			at := func() string { return infoPath(i) }
			for _, text := range []named{{"event", info.Event}, {"audience", info.Audience}, {"senderName", info.SenderName},
				{"headline", info.Headline}, {"description", info.Description}, {"instruction", info.Instruction}, {"contact", info.Contact}} {
				one(at, text.name, text.text)
			}
			for k := range info.Resources {
				one(func() string { return fmt.Sprintf("%s/resource[%d]", infoPath(i), k+1) }, "resourceDesc", info.Resources[k].Description)
			}
			for k := range info.Areas {
				one(func() string { return areaPath(i, k) }, "areaDesc", info.Areas[k].Description)
			}
		}
	}
}
