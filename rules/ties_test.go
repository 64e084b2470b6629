package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/rules/builtin"
)

// TestTies: what a rule makes of each failed backup. A test in a rule's own file only
// knows the strongest finding, and one whose criterion already counts for nothing
// can't stand there.
func TestTies(t *testing.T) {
	const vm, other = "Parameter0=FS03 Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10", "Parameter0=FS04 Parameter1=1B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E11"
	set, err := Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, rule, events string
		want               map[string]Verdict // by the time of the failure
	}{
		{"the writer, and a job that had no room", "sql-writer", `
			22:04:51 HV01 SQLWRITER/24583 "=Sqllib error: hr = 0x80040e14"
			22:05:00 HV01 Backup/5 HRESULT=0x80780049 DetailedHRESULT=0x80070070`,
			map[string]Verdict{"22:05:00": Likely}},
		{"the writer in the guest, and its machine", "sql-writer", `
			22:00:33 HV01 VMMS/13002 ` + vm + `
			22:01:35 FS03 SQLWRITER/24583 "=Sqllib error: hr = 0x80040e14"
			22:02:33 HV01 VMMS/10102 ` + vm,
			map[string]Verdict{"22:02:33": Likely}},
		{"the writer in the guest, which VSS names", "sql-writer", `
			22:00:33 HV01 VMMS/13002 ` + vm + `
			22:01:35 FS03 VSS/8229 "=0x800423f4, failed" "=Writer Class Id: {a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}"
			22:02:33 HV01 VMMS/10102 ` + vm,
			map[string]Verdict{"22:01:35": Confirmed, "22:02:33": Confirmed}},
		{"two failures, one of which the code is of", "shadow-storage", `
			22:00:00 HV01 volsnap/25 =x =D:
			22:00:10 HV01 Backup/5 HRESULT=0x80780049 DetailedHRESULT=0x8004231f
			22:20:36 HV01 VMMS/10102 ` + other + ` ErrorCode=0x80070020`,
			map[string]Verdict{"22:00:10": Confirmed, "22:20:36": Likely}},
		{"another failure, a while after an inconsistent snapshot", "writer-inconsistent", `
			22:00:00 HV01 VSS/8229 "=0x800423f0, failed" "=Writer Class Id: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}"
			22:25:36 HV01 VMMS/10102 ` + other + ` ErrorCode=0x80070020`,
			map[string]Verdict{"22:00:00": Confirmed}},
		{"another product's backup fails then", "backup-target", `
			22:05:00 HV01 Backup/50 =x
			22:20:36 HV01 VMMS/10102 ` + vm + ` ErrorCode=0x80070020`,
			map[string]Verdict{"22:05:00": Confirmed, "22:20:36": Likely}},
		{"what is logged after the failure", "csv-lost", `
			22:02:31 HV01 VMMS/10103 ` + vm + ` "Parameter2=C:\ClusterStorage\Volume1\FS03\FS03.vhd"
			22:25:00 HV01 Cluster/5142 VolumeName=Volume1 ErrorCode=ERROR_TIMEOUT(1460)`,
			map[string]Verdict{}},
		{"what is logged with the failure", "csv-lost", `
			22:02:31 HV01 VMMS/10103 ` + vm + ` "Parameter2=C:\ClusterStorage\Volume1\FS03\FS03.vhd"
			22:04:00 HV01 Cluster/5142 VolumeName=Volume1 ErrorCode=ERROR_TIMEOUT(1460)`,
			map[string]Verdict{"22:02:31": Likely}},
		{"events for hours, of which none is near", "shadow-storage", `
			20:50:00 HV01 volsnap/25 =x =D:
			21:40:00 HV01 volsnap/25 =x =D:
			22:14:00 HV01 VMMS/10102 ` + vm + `
			22:35:00 HV01 volsnap/25 =x =D:`,
			map[string]Verdict{}},
	} {
		w, err := (&Example{Events: test.events}).world()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]Verdict{}
		for _, f := range set.diagnose(w.build(), Scope{}, nil).findings {
			if f.rule.ID != test.rule {
				continue
			}
			for _, o := range f.occurrences {
				if o.sub.failure != nil {
					got[o.sub.failure.At.Format("15:04:05")] = o.verdict
				}
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s: %s", test.rule, test.name, diff)
		}
	}
}
