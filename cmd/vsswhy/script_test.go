package main

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zip"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// TestMain makes the tests, and what they start, deaf to the configuration of who
// runs them. The program itself comes by here, too.
func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") != program {
		os.Setenv(envName(configFlag), os.DevNull)
	}
	testscript.Main(m, map[string]func(){"vsswhy": main})
}

// TestScripts runs the program as a user does: testdata/script, one file per
// topic. Besides testscript's commands there are
//
//	case NAME        copies the archive of a case here
//	exitcode N CMD…  runs a command and wants this exit code
//	bomb FILE        makes a zip whose members share one compressed megabyte
//	escape FILE      makes a tar whose member would leave its folder
//	cut FILE N       keeps the first N bytes of a file
//	flip FILE N      changes one byte
//	remains FILE     makes an EVTX log of six records, and four left over
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"case": scriptCase, "exitcode": scriptExitCode, "bomb": scriptBomb,
			"escape": scriptEscape, "cut": scriptCut, "flip": scriptFlip, "remains": scriptRemains,
		},
		Setup: func(env *testscript.Env) error {
			dir, err := filepath.Abs(casesDir)
			env.Setenv("CASES", dir)
			return err
		},
		UpdateScripts: *update,
	})
}

func scriptCase(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		data, err := os.ReadFile(filepath.Join(ts.Getenv("CASES"), name+".zip"))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name+".zip"), data, 0o600))
	}
}

func scriptExitCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		if _, err := fmt.Sscanf(err.Error(), "exit status %d", &got); err != nil {
			ts.Fatalf("%v", err)
		}
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptBomb(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("System.evtx")
	ts.Check(err)
	_, err = f.Write([]byte("ElfFile\x00"))
	ts.Check(err)
	zeros := make([]byte, 1<<20)
	for range 3 << 10 { // 3 GiB out of 3 MiB
		_, err = f.Write(zeros)
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func scriptEscape(ts *testscript.TestScript, _ bool, args []string) {
	data := ts.ReadFile("inner.xml")
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	ts.Check(w.WriteHeader(&tar.Header{Name: "../../../etc/inner.xml", Mode: 0o600, Size: int64(len(data))}))
	_, err := w.Write([]byte(data))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func scriptCut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

func scriptFlip(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := []byte(ts.ReadFile(args[0]))
	data[n] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// scriptRemains has the used space of a chunk end before its last four records.
func scriptRemains(ts *testscript.TestScript, _ bool, args []string) {
	var events bytes.Buffer
	for i := range 10 {
		fmt.Fprintf(&events, "<Event><System><Provider Name='VSS'/><EventID>8224</EventID><TimeCreated SystemTime='2010-03-14T20:00:%02dZ'/><EventRecordID>%d</EventRecordID>"+
			"<Channel>Application</Channel><Computer>HV01</Computer></System><EventData><Data>x</Data></EventData></Event>", i, 100+i)
	}
	log := evtxtest.Write(events.Bytes())
	const chunk, records = 4096, 512
	free := records
	for range 6 {
		free += int(binary.LittleEndian.Uint32(log[chunk+free+4:]))
	}
	binary.LittleEndian.PutUint32(log[chunk+48:], uint32(free))
	evtxtest.Fix(log)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), log, 0o600))
}
