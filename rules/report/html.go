package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

var pageTemplate = htmlTemplate("page.html")

// WriteHTML writes the report as one HTML file with nothing to load, for a browser,
// a telephone or paper. It is well-formed XML, too, and its one script only makes
// it handier.
func (r *Report) WriteHTML(w io.Writer) error {
	p := r.page(true)
	m := htmlMaker{ids: map[string]string{}}
	m.name(p.nodes)
	made := strings.Trim(fmt.Sprintf("%s %s, %s", r.Tool.Name, r.Tool.Version, r.Generated), ", ")
	return pageTemplate().Execute(w, htmlPage{Title: "vsswhy: " + p.summary(), Made: event.Clean(made), Sections: m.sections(p.nodes)})
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
		Title, Made string
		Sections    []htmlSection
	}
	htmlSection struct {
		ID, Verdict string
		Title       []htmlSpan // the first section has none
		About       string     // of a finding
		Blocks      []htmlBlock
	}
	// An htmlBlock is a node; or a list of them, whose Kind is "list"; or the end of
	// a long list, whose Kind is "rest".
	htmlBlock struct {
		Kind, Mark, State string
		Text              []htmlSpan
		Blocks            []htmlBlock
		Fold              bool
		Timeline          *timelinePicture
		Coverage          *coveragePicture
		Table             *htmlTable
	}
	htmlSpan  struct{ Text, As, To string }
	htmlTable struct {
		Caption string
		Columns []htmlColumn
		Rows    []htmlRow
		More    string
	}
	htmlColumn struct{ Title, Class string }
	htmlRow    struct {
		ID    string
		Cells []htmlCell
	}
	htmlCell struct {
		Class string
		Lines [][]htmlSpan
	}
)

var htmlKinds = map[kind]string{para: "para", group: "group", item: "item", citation: "citation", code: "code", answer: "answer", remark: "note", title: "title"}

var htmlStyles = map[style]string{plain: "", literal: "code", link: "link", ref: "ref", badge: "badge", risk: "risk"}

// Lists are folded where they are longer than maxShown, behind the first showFirst.
const (
	maxShown  = 15
	showFirst = 10
)

// An htmlMaker sets a page in the terms of its template.
type htmlMaker struct {
	ids      map[string]string // of elements, by the names that refs have for them
	pictures int
}

// name gives ids to what refs name. They are numbers, since names come from
// reports of strangers.
func (m *htmlMaker) name(nodes []node) {
	sections := 0
	for i := range nodes {
		if nodes[i].kind == heading {
			sections++
			m.ids[nodes[i].mark] = sectionID(sections)
		}
		if t, ok := nodes[i].drawn.(*table); ok {
			for j := range t.rows {
				m.ids[t.rows[j].id] = fmt.Sprintf("row%d", j+1)
			}
		}
	}
	delete(m.ids, "")
}

func sectionID(i int) string { return fmt.Sprintf("part%d", i) }

// sections splits the page at its headings.
func (m *htmlMaker) sections(nodes []node) []htmlSection {
	list := []htmlSection{{ID: sectionID(0)}}
	start := 0
	end := func(i int) { list[len(list)-1].Blocks = m.blocks(nodes[start:i]) }
	for i := range nodes {
		if n := &nodes[i]; n.kind == heading {
			end(i)
			s := htmlSection{ID: sectionID(len(list)), Verdict: event.Clean(n.state), Title: m.spans(n.text)}
			if i+1 < len(nodes) && nodes[i+1].kind == title {
				s.About = nodes[i+1].text.String()
			}
			list = append(list, s)
			start = i + 1
		}
	}
	end(len(nodes))
	return list
}

// blocks puts items that follow one another into a list.
func (m *htmlMaker) blocks(nodes []node) []htmlBlock {
	var out []htmlBlock
	for i := range nodes {
		b := m.block(&nodes[i])
		switch {
		case !nodes[i].listed() || nodes[i].kind == code:
			out = append(out, b)
		case len(out) > 0 && out[len(out)-1].Kind == "list":
			list := &out[len(out)-1]
			list.Blocks = append(list.Blocks, b)
		default:
			out = append(out, htmlBlock{Kind: "list", Blocks: []htmlBlock{b}})
		}
	}
	for i := range out {
		if list := &out[i]; list.Kind == "list" && len(list.Blocks) > maxShown {
			rest := htmlBlock{Kind: "rest", Mark: fmt.Sprintf("%d more", len(list.Blocks)-showFirst), Blocks: list.Blocks[showFirst:]}
			list.Blocks = append(list.Blocks[:showFirst:showFirst], rest)
		}
	}
	return out
}

func (m *htmlMaker) block(n *node) htmlBlock {
	b := htmlBlock{Kind: htmlKinds[n.kind], Mark: shownMark(n.mark), State: event.Clean(n.state), Fold: n.fold, Text: m.spans(m.content(n))}
	if last := len(b.Text) - 1; n.kind == group && last >= 0 {
		b.Text[last].Text = strings.TrimSuffix(b.Text[last].Text, ":")
	}
	if n.kind == code { // its shell
		b.Mark = n.mark
	}
	if mark := map[string]string{"met": "✓", "unmet": "✗", "unknown": "?"}[n.state]; mark != "" {
		b.Mark = mark
	}
	switch d := n.drawn.(type) {
	case *timeline:
		m.pictures++
		b.Timeline = d.draw(fmt.Sprintf("picture%d", m.pictures))
	case *coverageChart:
		m.pictures++
		b.Coverage, b.Table = d.draw(fmt.Sprintf("picture%d", m.pictures)), m.table(d.table())
	case *table:
		b.Table = m.table(d)
	default:
		b.Blocks = m.blocks(n.kids)
	}
	return b
}

// content is that of a node; a citation names its source by the id that the list of
// what was read has.
func (m *htmlMaker) content(n *node) rich {
	if n.kind != citation || m.ids[event.Clean(n.cite.Source)] == "" {
		return n.content()
	}
	file := n.cite.pathOrSource()
	return txt("%s — ", n.cite.event()).as(ref, n.cite.Source).txt(" ").lit(file[strings.LastIndex(file, "/")+1:]).txt("%s", n.cite.within())
}

func (m *htmlMaker) spans(text rich) []htmlSpan {
	var out []htmlSpan
	for i, s := range text {
		h := htmlSpan{Text: s.text, As: htmlStyles[s.as]}
		if i > 0 && text[i-1].as == badge { // its border does the work of the colon
			h.Text = strings.TrimPrefix(s.text, ":")
		}
		switch s.as {
		case ref:
			h.To = m.ids[s.text]
		case risk:
			h.Text = strings.Trim(s.text, "()")
			h.To = map[string]string{"read-only": "read-only", "change": "change", "restart": "restart"}[h.Text]
		}
		out = append(out, h)
	}
	return out
}

func (m *htmlMaker) table(t *table) *htmlTable {
	h := &htmlTable{Caption: t.caption, More: t.more}
	for _, c := range t.columns {
		h.Columns = append(h.Columns, htmlColumn{c.title, c.class})
	}
	for _, r := range t.rows {
		row := htmlRow{ID: m.ids[r.id]}
		for i, lines := range r.cells {
			cell := htmlCell{Class: t.columns[i].class}
			for _, line := range lines {
				cell.Lines = append(cell.Lines, m.spans(line))
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}
