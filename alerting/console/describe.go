package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"tocsin/alerting"
)

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// describe is the OpenAPI 3.1 description of the API, made from the routes and the types that they read and write.
func (c *Console) describe() ([]byte, error) {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	api := &huma.OpenAPI{OpenAPI: "3.1.0", Paths: make(map[string]*huma.PathItem),
		Info: &huma.Info{Title: "Tocsin", Version: "1", Description: "The admin API of a warning engine. Errors are problem documents (RFC 9457). " +
			"Questions may be sent away with 429 under load; orders never are."},
		Components: &huma.Components{Schemas: schemas, SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}, "session": {Type: "apiKey", In: "cookie", Name: c.cookieName()}}},
		Security:   []map[string][]string{{"token": {}}, {"session": {}}}}
	refused := schemas.Schema(reflect.TypeFor[problem](), true, "problem")
	describeCodes(schemas.SchemaFromRef(refused.Ref))
	problems := &huma.Response{Description: "It was refused, or could not be done; the problem says why, and what to do.", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: refused}}}
	for _, r := range c.routes() {
		method, where, _ := strings.Cut(r.pattern, " ")
		op := &huma.Operation{OperationID: operationID(method, where), Summary: r.about, Description: takes(r.right),
			Responses: map[string]*huma.Response{strconv.Itoa(r.status): {Description: "It was done.", Content: contentOf(schemas, r.gives)}, "default": problems}}
		if r.right == Anyone {
			op.Security = []map[string][]string{{}}
		}
		for _, name := range pathParameter.FindAllStringSubmatch(where, -1) {
			op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
		}
		for _, p := range parameters()[r.pattern] {
			kind := huma.TypeString
			if p.number {
				kind = huma.TypeInteger
			}
			op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: p.in, Description: p.about, Schema: &huma.Schema{Type: kind}})
			if p.name == "after" {
				op.Responses[strconv.Itoa(r.status)].Headers = map[string]*huma.Param{"Link": {Description: linkAbout, Schema: &huma.Schema{Type: huma.TypeString}}}
			}
		}
		if content := contentOf(schemas, r.takes); content != nil {
			op.RequestBody = &huma.RequestBody{Content: content}
		}
		item := api.Paths[where]
		if item == nil {
			item = &huma.PathItem{}
			api.Paths[where] = item
		}
		if err := setOperation(item, method, op); err != nil {
			return nil, err
		}
	}
	return json.MarshalIndent(api, "", "  ")
}

// describeCodes lists what the code of a problem may be.
func describeCodes(s *huma.Schema) {
	code := s.Properties["code"]
	code.Description = "Which refusal it is: THING.WHAT where it has a sentence of its own, else the word of its kind. A code stays what it is; new ones may come. " +
		"x-codes has the sentences, with verbs where values stand. Title and detail are in the language of ?lang= or Accept-Language, en or zh."
	code.Extensions = map[string]any{"x-codes": alerting.Sentences()}
}

// linkAbout says how a list goes on.
const linkAbout = "<…>; rel=\"next\" leads to the next page (RFC 8288); absent on the last"

// takes says what a route takes.
func takes(right Right) string {
	switch right {
	case Anyone:
		return "Takes no login; each address is answered only so often."
	case Known:
		return "Takes a login or a token, and no right."
	}
	return "Takes the right " + string(right) + "."
}

// schemaName is "ReportLetter" for report.Letter: two packages may each have a Letter.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if t.Name() == "" || t.PkgPath() == "" {
		return name
	}
	room := []rune(path.Base(t.PkgPath()))
	return string(unicode.ToUpper(room[0])) + string(room[1:]) + name
}

func setOperation(item *huma.PathItem, method string, op *huma.Operation) error {
	switch method {
	case http.MethodGet:
		item.Get = op
	case http.MethodPost:
		item.Post = op
	case http.MethodPut:
		item.Put = op
	default:
		return fmt.Errorf("the method %s is not described yet", method)
	}
	return nil
}

// contentOf describes a body; nil for none.
func contentOf(schemas huma.Registry, body any) map[string]*huma.MediaType {
	switch b := body.(type) {
	case nil:
		return nil
	case media:
		content := map[string]*huma.MediaType{}
		for one := range strings.SplitSeq(string(b), ", ") {
			content[one] = &huma.MediaType{Schema: &huma.Schema{}}
		}
		return content
	}
	t := reflect.TypeOf(body)
	return map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(t, true, t.Name())}}
}

// operationID is "post-api-alerts-id-cancel".
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '{' || r == '}' || r == '.' })
	return strings.ToLower(method) + "-" + strings.Join(words, "-")
}

// description serves what describe gives. Whoever may call the API at all may read it.
func (c *Console) description() http.Handler {
	text, err := c.describe()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := c.caller(r); err != nil {
			c.turnAway(w, r, err)
			return
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	})
}
