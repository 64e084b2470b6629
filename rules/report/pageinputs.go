package report

import (
	"fmt"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// sourcesCited lists the paths of what was cited by the source's id.
func (p *page) sourcesCited() {
	if len(p.cited) == 0 {
		return
	}
	p.heading(txt("Sources cited"))
	for _, s := range p.report.Sources {
		if p.cited[s.ID] {
			p.add(entry(fmt.Sprintf("%-4s", s.ID), rich{}.lit(s.Path)))
		}
	}
}

// inputs lists all that was read, with the hashes that say which files it was.
func (p *page) inputs() {
	p.heading(txt("What was read"))
	t := &table{caption: "Sizes are in bytes.", columns: []column{{"Id", "fixed"}, {"File", ""}, {"Format", ""}, {"Bytes", "number"}, {"Records", "number"}, {"Damage", ""}}}
	items := shorten(p.report.Sources, maxInputs, "and %d more, all of them in --format json", func(s *Source) node {
		t.rows = append(t.rows, row{id: event.Clean(s.ID), cells: s.cells()})
		n := entry(s.ID, rich{}.lit(s.Path).txt(" (%s, %s, %s)", s.Format, count(int(s.Bytes), "byte"), count(int(s.Records), "record")))
		n.kids = entries("", s.Remarks)
		if s.SHA256 != "" {
			n.kids = append(n.kids, entry("SHA-256", rich{}.lit(s.SHA256)))
		}
		return n
	})
	if more := len(p.report.Sources) - maxInputs; more > 0 {
		t.more = fmt.Sprintf("and %d more, all of them in --format json", more)
	}
	p.add(node{kind: group, kids: items, drawn: t})
}

// cells are a source's row of the table of what was read.
func (s *Source) cells() [][]rich {
	file := []rich{rich{}.lit(s.Path)}
	if s.SHA256 != "" {
		file = append(file, txt("SHA-256 ").lit(s.SHA256))
	}
	for _, r := range s.Remarks {
		file = append(file, txt("%s", r))
	}
	return [][]rich{{txt("%s", s.ID)}, file, {txt("%s", s.Format)}, {txt("%d", s.Bytes)}, {txt("%d", s.Records)}, s.damage()}
}

// damage is what a source's damage comes to.
func (s *Source) damage() []rich {
	var out []rich
	if s.Error != "" {
		out = append(out, txt("LOST: %s", s.Error))
	}
	for i, d := range s.Damage {
		if i == maxAlike {
			return append(out, txt("and %d more", len(s.Damage)-i))
		}
		lost := ""
		if d.Lost {
			lost = "LOST: "
		}
		out = append(out, txt("%s%s", lost, d.Detail))
	}
	if len(out) == 0 {
		return []rich{txt("none")}
	}
	return out
}

// input says what was covered, per computer, and what was lost, damaged or
// skipped.
func (p *page) input() {
	r := p.report
	p.heading(txt("Input"))
	for _, e := range r.Errors {
		p.add(entry("LOST:", txt("%s", strings.TrimPrefix(e.Path+": "+e.Detail, ": "))))
	}
	p.lost()
	hosts := groupBy(r.Coverage, func(c Coverage) string { return c.Host })
	scale := r.coverageScale()
	for _, list := range hosts {
		p.group(list[0].Host+":", shorten(list, 2*maxListed, "and %d more channels", p.coverage))
		n := &p.nodes[len(p.nodes)-1]
		n.drawn, n.fold = &coverageChart{host: list[0].Host, list: list, scale: scale}, len(hosts) > maxOpen
	}
	p.harmless()
	most := maxListed
	if p.full {
		most = maxInputs
	}
	for i, s := range r.Skipped {
		if i == most {
			p.add(entry("skipped:", txt("and %d more (all of them in --format json)", len(r.Skipped)-most)))
			break
		}
		p.add(entry("skipped:", rich{}.lit(s.Path).txt(": %s", s.Reason)))
	}
}

// lost lists the damage that cost records.
func (p *page) lost() {
	for _, s := range p.report.Sources {
		n := 0
		for _, d := range s.Damage {
			if !d.Lost {
				continue
			}
			if n++; n > maxListed {
				p.add(entry("LOST:", rich{}.lit(s.Path).txt(": and more (all of it in --format json)")))
				break
			}
			p.add(entry("LOST:", rich{}.lit(s.Path).txt("%s: %s", atOffset(d.Offset), d.Detail)))
		}
	}
}

// coverage says for what time there is a channel's log.
func (p *page) coverage(c *Coverage) node {
	n := entry("", txt("%s", coverageText(c)))
	if p.full {
		n.kids = shorten(c.Gaps, maxListed, "and %d more", func(g *TimeSpan) node {
			return entry("gap:", txt("%s", between(g.From, g.To)))
		})
	}
	return n
}

// harmless counts what is off without a loss.
func (p *page) harmless() {
	var dirty, twice int
	var damaged []rich
	for _, s := range p.report.Sources {
		if s.Same != "" {
			twice++
		}
		for _, d := range s.Damage {
			switch {
			case d.Lost:
			case d.Kind == "dirty":
				dirty++
			default:
				damaged = append(damaged, rich{}.lit(s.Path).txt("%s: %s", atOffset(d.Offset), d.Detail))
			}
		}
	}
	for i, text := range damaged {
		if i == maxListed {
			p.add(entry("damage without loss:", txt("and %d more (all of it in --format json)", len(damaged)-maxListed)))
			break
		}
		p.add(entry("damage without loss:", text))
	}
	if dirty > 0 {
		p.para("", txt("%s not closed properly (normal for a log that was copied while in use); nothing lost", count(dirty, "log")))
	}
	if twice > 0 {
		p.para("", txt("%s more than once in what was given; each counts once", count(twice, "file")))
	}
}

// origin says what made the report.
func (p *page) origin() {
	t := p.report.Tool
	p.heading(txt("How this report was made"))
	p.add(
		entry("program:", txt("%s %s", t.Name, t.Version)),
		entry("rules:", rich{}.lit(t.RulesDigest)),
		entry("command line:", rich{}.lit(strings.Join(append([]string{t.Name}, p.report.Args...), " "))),
		entry("made:", txt("%s", p.report.Generated)),
	)
}
