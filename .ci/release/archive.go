package main

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A file is one of an archive.
type file struct {
	name string // with slashes
	data []byte
	mode int64
}

// read reads the files that a pattern matches.
func read(pattern, to string) ([]file, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var list []file
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		list = append(list, file{path.Join(to, filepath.Base(p)), data, 0o644})
	}
	return list, nil
}

func sorted(files []file) []file {
	return slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.name, b.name) })
}

// writeTar writes files in the order of their names, all of one time and nobody's.
func writeTar(w io.Writer, base string, files []file, t time.Time) error {
	packed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := tar.NewWriter(packed)
	for _, f := range sorted(files) {
		err := out.WriteHeader(&tar.Header{Format: tar.FormatUSTAR, Name: base + "/" + f.name, Size: int64(len(f.data)), Mode: f.mode, ModTime: t})
		if err != nil {
			return err
		}
		if _, err := out.Write(f.data); err != nil {
			return err
		}
	}
	return errors.Join(out.Close(), packed.Close())
}

// writeZip is the same for Windows, where text has other ends of lines.
func writeZip(w io.Writer, base string, files []file, t time.Time) error {
	out := zip.NewWriter(w)
	for _, f := range sorted(files) {
		h := &zip.FileHeader{Name: base + "/" + f.name, Method: zip.Deflate, Modified: t}
		h.SetMode(os.FileMode(f.mode))
		member, err := out.CreateHeader(h)
		if err != nil {
			return err
		}
		data := f.data
		if strings.HasSuffix(f.name, ".txt") || f.name == "LICENSE" {
			data = []byte(strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n", "\r\n"))
		}
		if _, err := member.Write(data); err != nil {
			return err
		}
	}
	return out.Close()
}
