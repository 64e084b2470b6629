// Command release makes what a release consists of, and nothing else: for each
// system an archive with the program, its manual pages, completions, licences
// and parts list; and the checksums of all.
//
//	go run ./.ci/release -version v1.2.3 -o dist      all systems
//	go run ./.ci/release -check                       one system, twice, in two folders: are they alike?
//
// The same commit and the same version of Go make the same bytes, whatever the
// folder, the machine and the time: see build for what is switched off for it.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// systems are those that the program is built for.
var systems = []string{"linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64", "darwin/amd64", "darwin/arm64"}

const (
	program = "vsswhy"
	pkg     = "./cmd/vsswhy"
)

// A release is what all archives have in common.
type release struct {
	source  string // folder of the module
	out     string
	version string
	commit  string
	time    time.Time // of everything in the archives
}

func main() {
	version := flag.String("version", "", "version of the release (default: what git describes)")
	out := flag.String("o", "dist", "folder for the archives, which must not be there, or be empty")
	only := flag.String("systems", strings.Join(systems, ","), "systems to build for")
	check := flag.Bool("check", false, "build for this system twice, in two folders, and compare")
	flag.Parse()
	var err error
	if *check {
		err = checkAlike()
	} else {
		err = makeRelease(".", *out, *version, strings.Split(*only, ","))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// makeRelease builds a source tree for systems.
func makeRelease(source, out, version string, systems []string) error {
	if list, _ := os.ReadDir(out); len(list) > 0 {
		return fmt.Errorf("%s is not empty", out)
	}
	r := &release{source: source, out: out, version: version}
	if err := r.describe(); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	pages, err := r.pages()
	if err != nil {
		return err
	}
	for _, system := range systems {
		if err := r.archive(system, pages); err != nil {
			return fmt.Errorf("%s: %w", system, err)
		}
	}
	return checksums(out)
}

// describe finds what is not given: version and commit by git, the time by
// SOURCE_DATE_EPOCH, else by the commit.
func (r *release) describe() (err error) {
	if r.version == "" {
		if r.version, err = r.git("describe", "--tags", "--always", "--dirty"); err != nil {
			return fmt.Errorf("say -version: %w", err)
		}
	}
	if r.commit = os.Getenv("RELEASE_COMMIT"); r.commit == "" {
		if r.commit, err = r.git("rev-parse", "HEAD"); err != nil {
			return fmt.Errorf("say RELEASE_COMMIT: %w", err)
		}
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		if epoch, err = r.git("log", "-1", "--format=%ct"); err != nil {
			return fmt.Errorf("say SOURCE_DATE_EPOCH: %w", err)
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	r.time = time.Unix(seconds, 0).UTC()
	return err
}

func (r *release) git(args ...string) (string, error) { return output(r.source, nil, "git", args...) }

// output runs a program and returns what it prints.
func output(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// build makes the program for a system. What would make its bytes depend on more
// than source and toolchain is switched off: paths, the state of the repository,
// and the builder's own flags. Version and commit are set instead.
func (r *release) build(system, to string) error {
	goos, goarch, ok := strings.Cut(system, "/")
	if !ok {
		return fmt.Errorf("%q is no system such as linux/amd64", system)
	}
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	env := []string{"CGO_ENABLED=0", "GOOS=" + goos, "GOARCH=" + goarch, "GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off"}
	flags := fmt.Sprintf("-s -w -buildid= -X main.release=%s -X main.commit=%s", r.version, r.commit)
	_, err = output(r.source, env, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", to, pkg)
	return err
}

// pages are the files that every archive has: those of the source, and the manual
// pages and completions that the program prints.
func (r *release) pages() ([]file, error) {
	tmp, err := os.MkdirTemp("", "release-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	self := filepath.Join(tmp, "self.exe")
	if err := r.build(runtime.GOOS+"/"+runtime.GOARCH, self); err != nil {
		return nil, err
	}
	if _, err := output(tmp, []string{fmt.Sprint("SOURCE_DATE_EPOCH=", r.time.Unix())}, self, "man", "--dir", "man"); err != nil {
		return nil, err
	}
	var list []file
	for shell, name := range map[string]string{"bash": program, "zsh": "_" + program, "fish": program + ".fish", "powershell": program + ".ps1"} {
		script, err := output(tmp, nil, self, "completion", shell)
		if err != nil {
			return nil, err
		}
		list = append(list, file{"completions/" + shell + "/" + name, []byte(script + "\n"), 0o644})
	}
	for _, from := range []struct{ dir, pattern, to string }{{tmp, "man/*.1", "man"}, {r.source, "*.md", ""}, {r.source, "LICENSE", ""}, {r.source, "docs/*", "docs"}} {
		more, err := read(filepath.Join(from.dir, filepath.FromSlash(from.pattern)), from.to)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// archive makes the archive of a system.
func (r *release) archive(system string, pages []file) error {
	tmp, err := os.MkdirTemp("", "release-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	name := program
	if strings.HasPrefix(system, "windows/") {
		name += ".exe"
	}
	path := filepath.Join(tmp, name)
	if err := r.build(system, path); err != nil {
		return err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	parts, err := r.parts(path)
	if err != nil {
		return err
	}
	bom, err := r.bom(parts, system, binary)
	if err != nil {
		return err
	}
	base := fmt.Sprintf("%s-%s-%s", program, r.version, strings.ReplaceAll(system, "/", "-"))
	files := append(slices.Clone(pages), file{name, binary, 0o755}, file{"THIRD_PARTY.txt", notices(parts), 0o644}, file{program + ".cdx.json", bom, 0o644})
	if strings.HasPrefix(system, "windows/") {
		return r.write(base+".zip", func(w io.Writer) error { return writeZip(w, base, files, r.time) })
	}
	return r.write(base+".tar.gz", func(w io.Writer) error { return writeTar(w, base, files, r.time) })
}

func (r *release) write(name string, write func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	fmt.Println(name)
	return errors.Join(write(f), f.Close())
}

// checksums writes SHA256SUMS, as sha256sum -c reads it.
func checksums(dir string) error {
	var b strings.Builder
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range list {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), entry.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(b.String()), 0o644)
}

// checkAlike makes the archive for this system here and from a copy of the source
// in another folder, and wants the same bytes.
func checkAlike() error {
	tmp, err := os.MkdirTemp("", "release-check-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	os.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	os.Setenv("RELEASE_COMMIT", "0000000000000000000000000000000000000000")
	elsewhere := filepath.Join(tmp, "a folder elsewhere")
	if err := copySource(".", elsewhere); err != nil {
		return err
	}
	var sums []string
	for i, source := range []string{".", elsewhere} {
		out := filepath.Join(tmp, strconv.Itoa(i))
		if err := makeRelease(source, out, "v0.0.0-check", []string{runtime.GOOS + "/" + runtime.GOARCH}); err != nil {
			return err
		}
		sum, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			return err
		}
		sums = append(sums, string(sum))
	}
	if sums[0] != sums[1] {
		return fmt.Errorf("two builds of one source differ:\n%s%s", sums[0], sums[1])
	}
	fmt.Print("two builds in two folders are alike:\n", sums[0])
	return nil
}

// copySource copies what git knows of, as it is in the folder.
func copySource(from, to string) error {
	names, err := output(from, nil, "git", "ls-files", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for _, name := range strings.Split(names, "\n") {
		data, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return err
		}
		path := filepath.Join(to, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			return err
		}
	}
	return nil
}
