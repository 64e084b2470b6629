package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const groupMoved = "00000b0c.00000d58::2010/03/14-23:01:40.120 INFO  [RCM] move of group Cluster Disk 2 from NODE-A(1) to NODE-B(2) of type MoveType::Manual is about to succeed, failoverCount=0\r\n"

// TestClusterLog: a move of a cluster group shortly before a failure is told with it,
// whichever node's cluster log has it; not one of long before, nor one in local time.
func TestClusterLog(t *testing.T) {
	for _, tc := range []struct{ name, file, text, want string }{
		{"of the node", "NODE-A_cluster.log", groupMoved, "the cluster group Cluster Disk 2 moved from NODE-A to NODE-B"},
		{"of the other node", "NODE-B/Cluster.log", groupMoved, "the cluster group Cluster Disk 2 moved from NODE-A to NODE-B"},
		{"long before", "NODE-A_cluster.log", strings.Replace(groupMoved, "23:01", "22:51", 1), ""},
		{"of others", "NODE-A_cluster.log", strings.Replace(groupMoved, "from NODE-A(1)", "from NODE-C(3)", 1), ""},
		{"in local time", "NODE-A_cluster.log", "[=== Cluster ===]\r\nThe logs were generated using local time\r\n" + groupMoved, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := unpackedDeep(t, "csv-two-nodes")
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(tc.file)), []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := parse(t, mustRun(t, 0, "scan", "--format", "json", dir))
			got := strings.Join(r.Failures[0].Remarks, "\n")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("remarks %q, want %q", got, tc.want)
			}
			verdict := "confirmed"
			if strings.Contains(tc.text, "NODE-C") {
				verdict = "likely" // a node that sent no logs
			}
			if r.Findings[0].Verdict != verdict {
				t.Errorf("verdict %s, want %s", r.Findings[0].Verdict, verdict)
			}
		})
	}
}
