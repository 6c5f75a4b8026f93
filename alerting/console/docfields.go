package console

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// docField is a field of a JSON body. Name has a dot for what lies inside, and [] for the entries of a list.
type docField struct {
	Name, Type string
	Optional   bool
}

const (
	// docDepth is how deep fields are listed, and docFieldsMost how many of one body.
	docDepth      = 3
	docFieldsMost = 120
)

// docBody is the media type of a body, and its fields where it is JSON of a known type.
func docBody(body any) (string, []docField) {
	switch b := body.(type) {
	case nil:
		return "", nil
	case media:
		return string(b), nil
	}
	var out []docField
	fieldsOf(reflect.TypeOf(body), "", docDepth, &out)
	return string(jsonMedia), out
}

// fieldsOf adds the fields of a type below a name.
func fieldsOf(t reflect.Type, below string, depth int, out *[]docField) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		if t.Kind() == reflect.Slice {
			below += "[]"
		}
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || plain(t) || depth == 0 {
		return
	}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && name == "":
			fieldsOf(f.Type, below, depth, out)
			continue
		case name == "":
			name = f.Name
		}
		if below != "" {
			name = below + "." + name
		}
		if len(*out) >= docFieldsMost {
			return
		}
		*out = append(*out, docField{name, typeWord(f.Type), strings.Contains(options, "omit") || f.Type.Kind() == reflect.Pointer})
		fieldsOf(f.Type, name, depth-1, out)
	}
}

// plain reports whether a type is one value in JSON.
func plain(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t.Implements(reflect.TypeFor[json.Marshaler]())
}

// typeWord is a type as JSON has it.
func typeWord(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[*time.Time]():
		return "date-time"
	case t == reflect.TypeFor[json.RawMessage]():
		return "any"
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "string"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeWord(t.Elem())
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64"
		}
		return "list of " + typeWord(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Interface:
		return "any"
	}
	return "integer"
}
