package tui

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// openWrite lets choose what is written to a file.
func (a *App) openWrite() {
	var items []menuItem
	for _, format := range a.session.Formats {
		items = append(items, menuItem{"report", format, func(a *App) tea.Cmd {
			return a.askFile("report."+extension(format), func(w io.Writer) error { return a.session.Write(a.report, format, w) })
		}})
	}
	items = append(items, menuItem{"this page", "text", func(a *App) tea.Cmd {
		text := a.pageText()
		return a.askFile("page.txt", func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	}})
	if v, ok := a.top().(tabular); ok {
		head, rows := v.table(a)
		for _, format := range []string{"csv", "jsonl"} {
			items = append(items, menuItem{"this table", format, func(a *App) tea.Cmd {
				return a.askFile(string(a.screen)+"."+format, func(w io.Writer) error { return writeTable(w, format, head, rows) })
			}})
		}
	}
	if v := a.screens[actEvents].(*events); a.screen == actEvents && a.c != nil && a.session.Export != nil {
		for _, format := range []string{"csv", "jsonl"} {
			items = append(items, menuItem{"these events", format, func(a *App) tea.Cmd { return v.askExport(a, format) }})
		}
	}
	a.open(newMenu("write", items))
}

// A tabular view can be written as a table.
type tabular interface {
	table(a *App) (head []string, rows [][]string)
}

// writeTable writes CSV, or an object a line with the head's names for its keys.
func writeTable(w io.Writer, format string, head []string, rows [][]string) error {
	if format == "csv" {
		out := csv.NewWriter(w)
		out.Write(head)
		for _, row := range rows {
			out.Write(cellsOf(row))
		}
		out.Flush()
		return out.Error()
	}
	enc := json.NewEncoder(w)
	for _, row := range rows {
		object := map[string]string{}
		for i, value := range row {
			object[head[i]] = value
		}
		if err := enc.Encode(object); err != nil {
			return err
		}
	}
	return nil
}

// cellsOf makes values safe for a spreadsheet.
func cellsOf(row []string) []string {
	out := make([]string, len(row))
	for i, value := range row {
		out[i] = event.Cell(value)
	}
	return out
}

func extension(format string) string {
	if format == "text" {
		return "txt"
	}
	return format
}

// pageText is the page without colours.
func (a *App) pageText() string {
	p := *a
	p.paint = new(painter)
	return strings.Join(p.top().render(&p, max(a.width, minWidth), 10_000), "\n")
}

// askFile asks for a name and writes the file, whole or not at all.
func (a *App) askFile(name string, write func(io.Writer) error) tea.Cmd {
	a.askPath(name, func(a *App, path string) tea.Cmd {
		if err := a.session.Save(path, write); err != nil {
			a.say("not written: %v", err)
		} else {
			a.say("written to %s", path)
		}
		return nil
	})
	return nil
}

// askPath asks for the name of a file that is not there yet.
func (a *App) askPath(name string, done func(a *App, path string) tea.Cmd) {
	p := a.ask("write to", name, done)
	p.check = func(_ *App, path string) error {
		if path == "" {
			return errors.New("a name")
		}
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already", path)
		}
		return nil
	}
	p.validate(a)
}

// askExport writes the events of the list, beside the screen.
func (v *events) askExport(a *App, format string) tea.Cmd {
	if v.busy { // the list may have the newest events only
		a.say("still looking for the events; write them when all are found")
		return nil
	}
	set := v.set(a)
	ctx, c := a.ctx, a.c
	if set == nil {
		return nil
	}
	a.askPath("events."+format, func(a *App, path string) tea.Cmd {
		a.say("writing %d events", set.Len())
		return func() tea.Msg {
			err := a.session.Save(path, func(w io.Writer) error { return a.session.Export(ctx, c, set, format, w) })
			if err != nil {
				return sayMsg("not written: " + err.Error())
			}
			return sayMsg(fmt.Sprintf("%d events written to %s", set.Len(), path))
		}
	})
	return nil
}

// set is the rows of the list.
func (v *events) set(a *App) *store.Set {
	r, err := a.c.Events()
	if err != nil {
		a.say("%v", err)
		return nil
	}
	set := store.NewSet(r.Rows())
	if v.shown == nil {
		set.Not()
	}
	for _, row := range v.shown {
		set.Add(int64(row))
	}
	return set
}
