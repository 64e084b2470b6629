package main

import (
	"context"
	"fmt"
	"os"

	"github.com/vsswhy/vsswhy/index/store"
)

// storedEvents writes the events as a Parquet file, which DuckDB and pandas
// open. The file appears when it is whole.
type storedEvents struct {
	ctx  context.Context
	path string
	opt  store.Options
	w    *store.Writer // opened with the first event
	err  error
}

func (s *storedEvents) open() {
	if info, err := os.Stat(s.path); s.w == nil && err == nil && !info.Mode().IsRegular() {
		s.err = fmt.Errorf("%s is no file", s.path)
	}
	if s.w == nil && s.err == nil {
		s.w, s.err = store.Create(s.path, s.opt)
	}
}

func (s *storedEvents) add(h hit) {
	if s.open(); s.err != nil {
		return
	}
	r := store.FromEvent(h.event, h.path)
	r.VMs, r.Volumes, r.Codes = h.row.VMs(), h.row.Volumes(), h.row.Codes()
	s.err = s.w.Write([]store.Row{r})
}

func (s *storedEvents) end() error {
	if s.open(); s.err != nil {
		if s.w != nil {
			s.w.Close()
		}
		return s.err
	}
	_, err := s.w.Finish(s.ctx, store.Labels{})
	return err
}
