package ingest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/archive"
)

// given makes the nodes of what was asked for.
func (s *scan) given(in Input) []*node {
	if in.Path == "" && (in.Recorded != nil || in.Label != "") { // "" alone is a path that does not exist
		return s.recorded(in.Recorded)
	}
	label := cmp.Or(in.Label, in.Path)
	n := &node{path: filepath.ToSlash(filepath.Clean(label)), root: filepath.ToSlash(filepath.Dir(label)), named: !in.Found, sha256: in.SHA256}
	n.read = func(n *node) { s.readGiven(n, in.Path) }
	if in.Path == "-" {
		n.root, n.slow, n.read = n.path, true, s.readStdin
	}
	return []*node{n}
}

func (s *scan) readGiven(n *node, name string) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.fail("no such file or folder")
	case err != nil:
		n.fail(reason(err))
	case info.IsDir():
		s.readRoot(n, name)
	case info.Mode().IsRegular():
		s.total(info.Size())
		s.readFile(n, func() (*os.File, error) { return os.Open(name) })
	default:
		n.fail("is " + special(info.Mode()) + ", and no file")
	}
}

// readRoot walks a folder. Everything in it is opened through an os.Root, so
// that no link leads out of it, also if it is put there meanwhile.
func (s *scan) readRoot(n *node, name string) {
	root, err := os.OpenRoot(name)
	if err != nil {
		n.fail(reason(err))
		return
	}
	n.inner = n.path
	n.close = func() { root.Close() }
	s.readFolder(n, root, ".")
}

// readFolder makes children of what lies in a folder, sorted by name.
func (s *scan) readFolder(n *node, root *os.Root, rel string) {
	entries, err := list(root, rel)
	beside := s.sidecarsOf(n, root, rel, entries)
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		c := n.child(join(n.path, e.Name()))
		switch {
		case e.IsDir() && isCase(root, name):
			c.read = func(c *node) { c.skip("is a case of vsswhy") }
		case e.IsDir():
			c.read = func(c *node) { s.readFolder(c, root, name) }
		case e.Type().IsRegular():
			if info, err := e.Info(); err == nil {
				s.total(info.Size())
			}
			c.read = func(c *node) {
				s.readFile(c, func() (*os.File, error) { return root.Open(name) })
			}
			c.messages = beside.of(e.Name())
		default:
			c.read = func(c *node) { c.skip("is " + special(e.Type())) }
		}
	}
	if err != nil {
		n.fail(reason(err))
	}
}

// sidecarsOf finds the messages of the logs of a folder, which lie in a folder
// within.
func (s *scan) sidecarsOf(n *node, root *os.Root, rel string, entries []fs.DirEntry) sidecars {
	found := sidecars{}
	for _, e := range entries {
		if !e.IsDir() || !isMessages(e.Name()) {
			continue
		}
		files, _ := list(root, path.Join(rel, e.Name())) // an error is met again when the folder is read
		for _, f := range files {
			if name := path.Join(e.Name(), f.Name()); f.Type().IsRegular() {
				found.add(name, join(n.path, name), func(*archive.Meter) (archive.Content, func(), error) { return openSidecar(root, path.Join(rel, name)) })
			}
		}
	}
	return found
}

func openSidecar(root *os.Root, name string) (archive.Content, func(), error) {
	f, err := root.Open(name)
	if err != nil {
		return archive.Content{}, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("was replaced")
	}
	if err != nil {
		f.Close()
		return archive.Content{}, nil, err
	}
	return archive.FileContent(f, info.Size()), func() { f.Close() }, nil
}

// isCase: a case that lies among the logs, whatever it is called, is what was made of
// them, or of those of somebody else.
func isCase(root *os.Root, name string) bool {
	for _, schema := range []string{"schema.json", "schema.copy.json"} {
		file := path.Join(name, schema)
		if info, err := root.Lstat(file); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if strings.HasSuffix(name, ".vsswhy") || bytes.Contains(headOf(root, file), []byte("vsswhy.case/")) {
			return true
		}
	}
	return false
}

// headOf is the beginning of a file; nothing if it can't be read.
func headOf(root *os.Root, file string) []byte {
	f, err := root.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	return head[:n]
}

// join is path.Join without its cleaning, which would take one of the two
// slashes that a Windows share's name begins with.
func join(folder, name string) string {
	switch {
	case folder == ".":
		return name
	case strings.HasSuffix(folder, "/"):
		return folder + name
	}
	return folder + "/" + name
}

func list(root *os.Root, rel string) ([]fs.DirEntry, error) {
	dir, err := root.Open(rel)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

// special names what is neither a file nor a folder. Such things are not
// opened: a pipe would wait for ever, and a link leads to what is met elsewhere.
func special(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

func (s *scan) readFile(n *node, open func() (*os.File, error)) {
	f, err := open()
	if err != nil {
		n.fail(reason(err))
		return
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		n.fail("was replaced while it was opened")
		return
	}
	file := &countedFile{file: f, size: info.Size(), p: s.opt.Progress}
	s.inspect(n, archive.FileContent(file, file.size), func() { file.Close() })
}

// readStdin reads standard input, which has to be held: archives need random
// access.
func (s *scan) readStdin(n *node) {
	content, free, err := s.run.Spool(n.meter, s.stdin)
	if err != nil {
		n.failed(err)
		return
	}
	s.inspect(n, content, free)
}

// reason says what the system said, without the path: the source has it. An
// error that was wrapped is about another path.
func reason(err error) string {
	if e, ok := err.(*fs.PathError); ok {
		err = e.Err
	}
	return err.Error()
}
