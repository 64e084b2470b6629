package main

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/zip"
)

// measureBatch measures vsswhy batch over n archives of a log against what it can't be
// faster than: the same archives, merely unpacked with the same library on all
// cores; and unpacked and hashed, as the report wants it of each log.
func measureBatch(program, dir, path string, n int) error {
	size, names, err := pack(path, dir, n)
	if err != nil {
		return err
	}
	if _, err := unpackAll(names, nil); err != nil { // into the page cache
		return err
	}
	unpacked, err := unpackAll(names, nil)
	if err != nil {
		return err
	}
	hashed, err := unpackAll(names, sha256.New)
	if err != nil {
		return err
	}
	cmd := exec.Command(program, append([]string{"batch", "--out", filepath.Join(dir, "out")}, names...)...)
	start := time.Now()
	err = cmd.Run()
	took := time.Since(start)
	if code := cmd.ProcessState.ExitCode(); err != nil && code != 3 { // damage in a log is no failure here
		return err
	}
	mb := float64(size) * float64(n) / 1e6
	tell := func(what string, t time.Duration, more string) {
		part := func(of time.Duration) float64 { return 100 * of.Seconds() / t.Seconds() }
		fmt.Printf("%-22s %8s %6.0f MB/s  %3.0f %% of unpacking, %3.0f %% of unpacking and SHA-256%s\n",
			what, t.Round(time.Millisecond), mb/t.Seconds(), part(unpacked), part(hashed), more)
	}
	fmt.Printf("%d bundles, %.0f MB unpacked\n", n, mb)
	tell("unpacking", unpacked, "")
	tell("unpacking and SHA-256", hashed, "")
	tell("vsswhy batch", took, " (wanted 80 % of unpacking)")
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		fmt.Printf("resident at most %d MiB (wanted 512)\n", usage.Maxrss>>10)
	}
	return nil
}

// pack makes n archives of the log.
func pack(path, dir string, n int) (size int64, names []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, nil, err
	}
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("bundle%03d.zip", i))
		if i > 0 {
			names = append(names, name)
			if err := os.Link(names[0], name); err != nil {
				return 0, nil, err
			}
			continue
		}
		names = append(names, name)
		if err := packOne(name, text); err != nil {
			return 0, nil, err
		}
	}
	return int64(len(text)), names, nil
}

func packOne(name string, text []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := zip.NewWriter(f)
	m, err := w.Create("System.evtx")
	if err == nil {
		_, err = m.Write(text)
	}
	if err != nil {
		return err
	}
	return w.Close()
}

// unpackAll unpacks every archive, on all cores, and hashes what is in it if newHash
// is not nil.
func unpackAll(names []string, newHash func() hash.Hash) (time.Duration, error) {
	start := time.Now()
	next := make(chan string)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for name := range next {
				if err := unpack(name, newHash); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	wg.Wait()
	return time.Since(start), failed
}

func unpack(name string, newHash func() hash.Hash) error {
	r, err := zip.OpenReader(name)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, f := range r.File {
		m, err := f.Open()
		if err != nil {
			return err
		}
		var to io.Writer = io.Discard
		if newHash != nil {
			to = newHash()
		}
		_, err = io.Copy(to, m)
		m.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
