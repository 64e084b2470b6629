package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// A part is a module that is linked into the program, or Go itself.
type part struct {
	path, version, sum string
	licence            string // by its SPDX name
	texts              []licenceText
}

type licenceText struct{ file, text string }

// parts are what a binary is made of, as it says itself.
func (r *release) parts(binary string) ([]part, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	root, err := output(r.source, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	list := []part{{path: "std", version: strings.TrimPrefix(info.GoVersion, "go")}}
	dirs, err := r.folders(info.Deps)
	if err != nil {
		return nil, err
	}
	dirs["std"] = root
	for _, m := range info.Deps {
		if m.Replace != nil {
			return nil, fmt.Errorf("%s is replaced by %s: a release has what go.mod says", m.Path, m.Replace.Path)
		}
		list = append(list, part{path: m.Path, version: m.Version, sum: m.Sum})
	}
	for i := range list {
		if err := list[i].read(dirs[list[i].path]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b part) int { return cmp.Compare(a.path, b.path) })
	return list, nil
}

// folders are where the modules are on this machine.
func (r *release) folders(modules []*debug.Module) (map[string]string, error) {
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, m.Path+"@"+m.Version)
	}
	text, err := output(r.source, nil, "go", args...)
	if err != nil {
		return nil, err
	}
	dirs := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var m struct{ Path, Dir string }
		if err := dec.Decode(&m); err == io.EOF {
			return dirs, nil
		} else if err != nil {
			return nil, err
		}
		dirs[m.Path] = m.Dir
	}
}

var isLicence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// read reads the licences of a part. That at its root counts; those further down
// are of what it has taken over, and are kept with it.
func (p *part) read(dir string) error {
	if dir == "" {
		return fmt.Errorf("%s is not on this machine", p.path)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (p.path == "std" || d.Name() == "testdata" || d.Name() == "vendor"):
			return filepath.SkipDir
		case d.IsDir() || !isLicence.MatchString(d.Name()) || strings.HasSuffix(d.Name(), ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return p.take(dir, path, string(text))
	})
	if err == nil && p.licence == "" {
		err = fmt.Errorf("%s %s has no licence that is known here", p.path, p.version)
	}
	return err
}

func (p *part) take(dir, path, text string) error {
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	name = filepath.ToSlash(name)
	same := func(t licenceText) bool { return t.text == text }
	if !slices.ContainsFunc(p.texts, same) {
		p.texts = append(p.texts, licenceText{name, text})
	}
	if !strings.Contains(name, "/") && p.licence == "" {
		p.licence = licenceOf(text)
	}
	return nil
}

// licenceOf tells a licence by a sentence that it alone has; "" if it is none of
// those that may be in a release.
func licenceOf(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(s string) bool { return strings.Contains(text, s) }
	switch {
	case has("apache license version 2.0, january 2004"):
		return "Apache-2.0"
	case has("mozilla public license version 2.0") || has("mozilla public license, version 2.0"):
		return "MPL-2.0"
	case has("permission is hereby granted, free of charge, to any person obtaining a copy"):
		return "MIT"
	case has("redistribution and use in source and binary forms") && (has("neither the name") || has("names of its contributors may not") || has("may not be used to endorse")):
		return "BSD-3-Clause"
	case has("redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("for any purpose with or without fee is hereby granted, provided that the above copyright notice"):
		return "ISC"
	case has("for any purpose with or without fee is hereby granted."):
		return "0BSD"
	}
	return ""
}

// notices is the file that hands on what the licences want to be handed on.
func notices(parts []part) []byte {
	var b bytes.Buffer
	b.WriteString("vsswhy is under the licence in the file LICENSE. These parts of other people are linked into\nit, each under its own licence. Their source is at the addresses; it is not changed.\n\n")
	for _, p := range parts {
		fmt.Fprintf(&b, "%-13s %s %s\n", p.licence, p.path, p.version)
	}
	for _, p := range parts {
		fmt.Fprintf(&b, "\n%s\n%s %s\n%s\n", strings.Repeat("=", 80), p.path, p.version, p.source())
		for _, t := range p.texts {
			fmt.Fprintf(&b, "\n---- %s\n\n%s\n", t.file, strings.TrimRight(strings.ReplaceAll(t.text, "\r\n", "\n"), "\n"))
		}
	}
	return b.Bytes()
}

// source is the address of a part.
func (p *part) source() string {
	if p.path == "std" {
		return "https://go.dev"
	}
	return "https://" + p.path
}
