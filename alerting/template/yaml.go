package template

import (
	"bytes"
	"errors"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"tocsin/alerting"
)

// kind is what stands at a place of the file.
type kind string

const (
	nothing kind = "nothing"
	words   kind = "text"
	figure  kind = "a number"
	list    kind = "a list"
	mapping kind = "keys with values"
	other   kind = "neither text nor number"
)

// node is a part of the file with its line. A node below a key has the line of the key.
type node struct {
	line  int
	kind  kind
	text  string
	items []*node
	// keys stand in the order of the file.
	keys []string
	at   map[string]*node
}

// maxDepth bounds how deep a file nests, and maxOpen how many brackets, dashes and the like may be open before the library
// looks at it: its memory grows with the square of them.
const (
	maxDepth = 12
	maxOpen  = 100
)

// tooDeep finds the line at which more is open than any template needs; 0 when there is none. It looks at brackets as they
// stand, also in texts, where they are closed as well.
func tooDeep(text []byte) (line int) {
	open, row := 0, 0
	for one := range bytes.Lines(text) {
		row++
		begun := 0
		for word := range bytes.FieldsSeq(one) {
			if string(word) != "-" && string(word) != "?" && word[0] != '!' && word[0] != '&' {
				break
			}
			begun++
		}
		for _, c := range one {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open = max(open-1, 0)
			}
			if open > maxOpen || begun > maxOpen {
				return row
			}
		}
	}
	return 0
}

// tree is a file that is being read.
type tree struct{ faults []Fault }

func (t *tree) bad(line int, code, format string, args ...any) {
	t.faults = append(t.faults, Fault{Line: line, What: alerting.Say(code, format, args...)})
}

// readYAML reads a file as one mapping. Anchors, aliases, merges and tags are refused: a template is to be read as it
// stands.
func readYAML(text []byte) (*node, []Fault) {
	if line := tooDeep(text); line > 0 {
		return nil, []Fault{{Line: line, What: alerting.Say("template.nested", "too much is nested in each other: a template needs a few levels")}}
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		f := Fault{What: err.Error()}
		if y := yaml.Error(nil); errors.As(err, &y) && y.GetToken() != nil && y.GetToken().Position != nil {
			f = Fault{Line: y.GetToken().Position.Line, What: alerting.Say("template.yaml", "this is no YAML: %s", y.GetMessage())}
		}
		return nil, []Fault{f}
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	if len(docs) != 1 {
		return nil, []Fault{{What: alerting.Say("template.documents", "it holds %d documents: want one, which begins with id:", len(docs))}}
	}
	t := &tree{}
	root := t.node(docs[0].Body, 1)
	if len(t.faults) == 0 && root.kind != mapping {
		t.bad(root.line, "template.root", "it holds %s: want keys with values, the first of them id:", root.kind)
	}
	return root, t.faults
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func (t *tree) node(n ast.Node, depth int) *node {
	if n == nil {
		return &node{kind: nothing}
	}
	out := &node{line: lineOf(n), kind: other}
	if depth > maxDepth {
		t.bad(out.line, "template.levels", "it nests deeper than %d levels", maxDepth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		t.pairs(out, n.Values, depth)
	case *ast.MappingValueNode:
		t.pairs(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.kind = list
		for _, item := range n.Values {
			out.items = append(out.items, t.node(item, depth+1))
		}
	case *ast.StringNode:
		out.kind, out.text = words, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = words, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		out.kind, out.text = figure, n.GetToken().Value
	case *ast.NullNode:
		out.kind = nothing
	case *ast.BoolNode:
		out.text = n.GetToken().Value
	default:
		t.bad(out.line, "template.anchors", "anchors, aliases and tags are not read in a template: write out what is meant")
	}
	return out
}

func (t *tree) pairs(out *node, pairs []*ast.MappingValueNode, depth int) {
	out.kind, out.at = mapping, map[string]*node{}
	for _, p := range pairs {
		var key string
		switch k := p.Key.(type) {
		case *ast.StringNode:
			key = k.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			key = k.GetToken().Value
		default:
			t.bad(lineOf(p.Key), "template.plain-key", "a key must be a plain word: write out what is meant")
			continue
		}
		value := t.node(p.Value, depth+1)
		value.line = lineOf(p.Key)
		if out.at[key] != nil {
			t.bad(value.line, "template.key-twice", "the key %s stands twice: keep one", key)
		}
		out.keys = append(out.keys, key)
		out.at[key] = value
	}
}

// plain is a node as JSON would give it: string, float64 as its digits, []any, map[string]any.
func (n *node) plain() any {
	switch n.kind {
	case list:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.plain()
		}
		return out
	case mapping:
		out := make(map[string]any, len(n.keys))
		for _, key := range n.keys {
			out[key] = n.at[key].plain()
		}
		return out
	case nothing:
		return nil
	}
	return n.text
}
