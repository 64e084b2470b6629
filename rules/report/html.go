package report

import (
	"io"

	"github.com/vsswhy/vsswhy/ingest/event"
)

var pageTemplate = htmlTemplate("page.html")

// WriteHTML writes the report as one HTML file without scripts and without
// anything to load, for a browser, a telephone or paper. It is well-formed XML,
// too.
func (r *Report) WriteHTML(w io.Writer) error {
	p := r.page(true)
	return pageTemplate.Execute(w, htmlPage{Title: "vsswhy: " + p.summary(), Sections: sections(p.nodes)})
}

// summary is the page in one line.
func (p *page) summary() string {
	for i := range p.nodes {
		if p.nodes[i].mark == "=>" {
			return p.nodes[i].text.String()
		}
	}
	return ""
}

// The page in the terms of its template.
type (
	htmlPage struct {
		Title    string
		Sections []htmlSection
	}
	htmlSection struct {
		Title, Verdict string // the first section has no title
		Blocks         []htmlBlock
	}
	// An htmlBlock is a node; or a list of them, whose Kind is "list".
	htmlBlock struct {
		Kind, Mark, State string
		Text              []htmlSpan
		Blocks            []htmlBlock
	}
	htmlSpan struct{ Text, As string }
)

var htmlKinds = map[kind]string{para: "para", group: "group", item: "item", citation: "citation", code: "code"}

var htmlStyles = map[style]string{plain: "", literal: "code", link: "link"}

// sections splits the page at its headings.
func sections(nodes []node) []htmlSection {
	list := []htmlSection{{}}
	start := 0
	for i := range nodes {
		if nodes[i].kind == heading {
			list[len(list)-1].Blocks = blocks(nodes[start:i])
			list = append(list, htmlSection{Title: nodes[i].text.String(), Verdict: event.Clean(nodes[i].state)})
			start = i + 1
		}
	}
	list[len(list)-1].Blocks = blocks(nodes[start:])
	return list
}

// blocks puts items that follow one another into a list.
func blocks(nodes []node) []htmlBlock {
	var out []htmlBlock
	for i := range nodes {
		b := block(&nodes[i])
		switch {
		case b.Kind != "item" && b.Kind != "citation":
			out = append(out, b)
		case len(out) > 0 && out[len(out)-1].Kind == "list":
			list := &out[len(out)-1]
			list.Blocks = append(list.Blocks, b)
		default:
			out = append(out, htmlBlock{Kind: "list", Blocks: []htmlBlock{b}})
		}
	}
	return out
}

func block(n *node) htmlBlock {
	b := htmlBlock{Kind: htmlKinds[n.kind], Mark: shownMark(n.mark), State: event.Clean(n.state), Blocks: blocks(n.kids)}
	if mark := map[string]string{"met": "✓", "unmet": "✗", "unknown": "?"}[n.state]; mark != "" {
		b.Mark = mark
	}
	for _, s := range n.content() {
		b.Text = append(b.Text, htmlSpan{s.text, htmlStyles[s.as]})
	}
	return b
}
