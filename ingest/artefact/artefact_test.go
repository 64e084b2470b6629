package artefact

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// The samples are made up after what the tools print; names are invented.
const (
	sysEnglish = "\r\n" +
		"Host Name:                 NODE-A\r\n" +
		"OS Name:                   Microsoft Windows Server 2008 R2 Enterprise \r\n" +
		"OS Version:                6.1.7600 N/A Build 7600\r\n" +
		"System Manufacturer:       Microsoft Corporation\r\n" +
		"System Model:              Virtual Machine\r\n" +
		"Processor(s):              1 Processor(s) Installed.\r\n" +
		"                           [01]: Intel64 Family 6 Model 26 Stepping 5 GenuineIntel ~2266 Mhz\r\n" +
		"BIOS Version:              American Megatrends Inc. 090004 , 3/19/2009\r\n" +
		"Hotfix(s):                 3 Hotfix(s) Installed.\r\n" +
		"                           [01]: KB975354\r\n" +
		"                           [02]: KB2545685\r\n" +
		"                           [03]: KB976902\r\n" +
		"Network Card(s):           1 NIC(s) Installed.\r\n" +
		"                           [01]: Microsoft Virtual Machine Bus Network Adapter\r\n" +
		"                                 [01]: 192.0.2.10\r\n"

	sysGerman = "\r\nHostname:                                      KNOTEN1\r\n" +
		"Betriebssystemname:                            Microsoft Windows Server 2008 R2 Datacenter \r\n" +
		"Betriebssystemversion:                         6.1.7601 Service Pack 1 Build 7601\r\n" +
		"Hotfix(es):                                    2 Hotfix(e) installiert.\r\n" +
		"                                               [01]: KB2545685\r\n" +
		"                                               [02]: KB976932\r\n"

	sysCzech = "Název hostitele:           UZEL-2\r\n" +
		"Název OS:                  Microsoft Windows Server 2008 R2 Enterprise\r\n" +
		"Verze OS:                  6.1.7600 Není k dispozici build 7600\r\n" +
		"Opravy hotfix:             5 nainstalovaných oprav\r\n" +
		"                           [01]: KB974571\r\n"

	sys2003 = "\r\nHost Name:                 SQL-OLD\r\nOS Name:                   Microsoft(R) Windows(R) Server 2003, Standard Edition\r\n" +
		"OS Version:                5.2.3790 Service Pack 2 Build 3790\r\n" +
		"Hotfix(s):                 3 Hotfix(s) Installed.\r\n" +
		"                           [01]: File 1\r\n                           [02]: Q147222\r\n                           [03]: KB911564 - Update\r\n"

	sysCSV = `"Host Name","OS Name","OS Version","OS Manufacturer","OS Configuration","OS Build Type","Registered Owner","Registered Organization","Product ID","Hotfix(s)"` + "\r\n" +
		`"NODE-A","Microsoft Windows Server 2008 R2 Enterprise ","6.1.7600 N/A Build 7600","Microsoft Corporation","Member Server","Multiprocessor Free","x","","0","2 Hotfix(s) Installed.,[01]: KB975354,[02]: KB976902"` + "\r\n"

	clusterOld = "00000b0c.00000d58::2010/03/14-23:01:40.100 INFO  [GUM] Node 1: executing request locally, gumId:11, my action: /rcm/gum/GroupMoveOperation\r\n" +
		"00000b0c.00000d58::2010/03/14-23:01:40.120 INFO  [RCM] move of group Cluster Disk 2 from here from NODE-A(1) to NODE-B(2) of type MoveType::Manual is about to succeed, failoverCount=0, lastFailoverTime=1601/01/01-00:00:00.000 targeted=true \r\n" +
		"\r\n" +
		"00000b0c.00000d58::2010/03/14-23:01:40.120 WARN  [RCM] move of group FILE08 from NODE-A(1) to NODE-B(2) failed\r\n" +
		"00000b0c.00000d58::2010/03/14-23:01:40.120 INFO  [RCM] move of group FILE07 from NODE-B(2) to NODE-A(1) of type MoveType::NodeDown is about to succeed, failoverCount=1\r\n"

	clusterNew = "[=== Cluster ===]\r\nBuild Number 14393\r\nUTC = localtime + time zone offset;the time zone offset of this machine is -60 minutes\r\nCurrent node: name (NODE-A) id (1)\r\n" +
		"[=== Cluster Logs ===]\r\n00000b0c.00000d58::2010/03/14-23:01:40.120 INFO  [RCM] move of group FILE07 from NODE-A(1) to NODE-B(2) of type MoveType::Manual is about to succeed, failoverCount=0\r\n"

	qfeTable = "Caption                                     CSName  Description      FixComments  HotFixID   InstallDate  InstalledBy          InstalledOn  Name  ServicePackInEffect  Status  \r\r\n" +
		"http://support.microsoft.com/?kbid=975354   NODE-A  Hotfix                        KB975354                NODE-A\\admin         10/14/2009                                       \r\r\n" +
		"http://support.microsoft.com/?kbid=976902   NODE-A  Update                        KB976902                NODE-A\\admin         11/2/2009                                        \r\r\n"

	qfeCSV = "\r\nNode,Caption,CSName,Description,FixComments,HotFixID,InstallDate,InstalledBy,InstalledOn\r\n" +
		"NODE-A,http://support.microsoft.com/?kbid=975354,NODE-A,Hotfix,,KB975354,,NODE-A\\admin,01ca4cabd1d0e100\r\n" +
		"NODE-B,,NODE-B,Update,,KB976902,,,3.11.2009\r\n"

	getHotFix = "\r\nSource        Description      HotFixID      InstalledBy          InstalledOn              \r\n" +
		"------        -----------      --------      -----------          -----------              \r\n" +
		"NODE-A        Hotfix           KB975354      NODE-A\\admin         03/04/2010 00:00:00      \r\n" +
		"NODE-A        Update           KB976902      NT AUTHORITY\\SYSTEM  03/05/2010 00:00:00      \r\n"

	hotfixCSV = "#TYPE System.Management.ManagementObject#root\\cimv2\\Win32_QuickFixEngineering\r\n" +
		`"PSComputerName","InstalledOn","Description","HotFixID"` + "\r\n" +
		`"NODE-A","10/14/2009 12:00:00 AM","Hotfix","KB975354"` + "\r\n" +
		`"NODE-A","","","{AF24BBBA-1AF9-4C0B-A2F6-5E3A0B1A9B11}"` + "\r\n"

	hotfixClixml = `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">` + "\n" +
		`  <Obj RefId="0"><TN RefId="0"><T>System.Management.ManagementObject</T></TN>` + "\n" +
		`    <Props><S N="CSName">NODE-A</S><S N="HotFixID">KB975354</S></Props>` + "\n" +
		`    <MS><DT N="InstalledOn">2009-10-14T00:00:00+02:00</DT></MS>` + "\n" +
		`  </Obj>` + "\n" +
		`  <Obj RefId="1"><Props><S N="CSName">NODE-A</S><S N="HotFixID">KB976902</S></Props></Obj>` + "\n</Objs>\n"

	writersEnglish = "vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool\r\n(C) Copyright 2001-2005 Microsoft Corp.\r\n\r\n" +
		"Writer name: 'Microsoft Hyper-V VSS Writer'\r\n   Writer Id: {66841CD4-6ded-4f4b-8f17-fd23f8ddc3de}\r\n" +
		"   Writer Instance Id: {1c6a2f5b-0000-4000-8000-000000000001}\r\n   State: [8] Failed\r\n   Last error: Non-retryable error\r\n\r\n" +
		"Writer name: 'System Writer'\r\n   Writer Id: {e8132975-6f93-4464-a53e-1050253ae220}\r\n" +
		"   Writer Instance Id: {1c6a2f5b-0000-4000-8000-000000000002}\r\n   State: [1] Stable\r\n   Last error: No error\r\n"

	writersGerman = "vssadmin 1.1 - Verwaltungsbefehlszeilenprogramm des Volumeschattenkopie-Dienstes\r\n\r\nGeneratorname: 'System Writer'\r\n" +
		"   Generatorkennung: {e8132975-6f93-4464-a53e-1050253ae220}\r\n   Generatorinstanzkennung: {1c6a2f5b-0000-4000-8000-000000000002}\r\n" +
		"   Status: [5] Auf Abschluss wird gewartet\r\n   Letzter Fehler: Kein Fehler\r\n"

	writersShadow = "Listing writer status ...\r\n\r\n* WRITER \"Microsoft Hyper-V VSS Writer\"\r\n\t- Status: 1 (VSS_WS_STABLE)\r\n" +
		"\t- Writer Failure code: 0x00000000 (S_OK)\r\n\t- Writer ID: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\r\n\t- Instance ID: {1c6a2f5b-0000-4000-8000-000000000001}\r\n"

	regExport = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Virtualization\\VssRequestor]\r\n\"BackupType\"=dword:00000001\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName]\r\n@=\"mnmsrvc\"\r\n\"ComputerName\"=\"GUEST-1\"\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\services\\partmgr\\Parameters]\r\n\"SanPolicy\"=dword:00000003\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Virtual Machine\\Guest\\Parameters]\r\n\"HostName\"=\"x\"\r\n\"PhysicalHostName\"=\"NODE-A\"\r\n" +
		"\"PhysicalHostNameFullyQualified\"=\"node-a.example.com\"\r\n\"VirtualMachineName\"=\"web \\\"1\\\"\"\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\r\n\"CurrentVersion\"=\"5.2\"\r\n\"CurrentBuildNumber\"=\"3790\"\r\n" +
		"\"DigitalProductId\"=hex:a4,00,\\\r\n  00,01\r\n"

	regAbsent = "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Virtualization\\VSSREQUESTOR]\r\n\"Other\"=dword:00000001\r\n\r\n[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Virtualization\\VssRequestor]\r\n"

	regQuery = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Virtualization\\VssRequestor\r\n    Other    REG_SZ    x\r\n\r\n" +
		"HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\services\\Tcpip\\Parameters\r\n    Hostname    REG_SZ    GUEST-1\r\n    DataBasePath    REG_EXPAND_SZ    %SystemRoot%\\x\r\n\r\n" +
		"HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\r\n    CurrentVersion    REG_SZ    6.3\r\n    CurrentBuild    REG_SZ    17763\r\n" +
		"    CurrentMajorVersionNumber    REG_DWORD    0xa\r\n    CurrentMinorVersionNumber    REG_DWORD    0x0\r\n"

	iscsiTwo = "Microsoft iSCSI Initiator Version 6.1 Build 7601\r\n\r\nTotal of 2 sessions\r\n\r\n" +
		"Session Id             : fffffa8012345678-4000013700000002\r\nInitiator Node Name    : iqn.1991-05.com.microsoft:guest-1\r\n" +
		"Connections            :\r\n\tConnection Id     : fffffa8012345678-1\r\n\r\n" +
		"Session Id             : fffffa8012345678-4000013700000004\r\n\r\nThe operation completed successfully. \r\n"

	iscsiNone = "Microsoft iSCSI-Initiator, Version 6.1 Build 7601\r\n\r\nInsgesamt 0 Sitzungen\r\n\r\nDer Vorgang wurde erfolgreich beendet. \r\n"

	iscsiError = "Microsoft iSCSI Initiator Version 6.1 Build 7601\r\n\r\nThe service is not started, 0 found.\r\nError 0xefff0012\r\n"

	diskpart = "\r\nMicrosoft DiskPart version 6.1.7601\r\nCopyright (C) 1999-2008 Microsoft Corporation.\r\nAuf Computer: NODE-A\r\n\r\n" +
		"DISKPART> select disk 2\r\n\r\nDatenträger 2 ist jetzt der gewählte Datenträger.\r\n\r\nDISKPART> uniqueid disk\r\n\r\nDatenträger-ID: 3F2A9B11\r\n\r\n" +
		"DISKPART> sel dis=3\r\nDISKPART> uniqueid disk\r\n\r\nDatenträger-ID: {0d3c7a9e-1111-4222-8333-444455556666}\r\n\r\nDISKPART> san\r\n\r\nSAN Policy  : Offline Shared\r\n"

	versionList = "\r\n\r\nOriginalFilename  : vmms.exe.mui\r\nFileName          : C:\\Windows\\System32\\vmms.exe\r\nFileVersion       : 6.1.7600.20542 (win7_ldr.091006-1503)\r\nProductVersion    : 6.1.7600.20542\r\n\r\n" +
		"FileName          : C:\\Windows\\winsxs\\amd64_x\\vmms.exe\r\nFileVersion       : 6.1.7600.16385 (win7_rtm.090713-1255)\r\n"

	versionWmic = "Name                              Version         \r\nc:\\windows\\system32\\vmms.exe      6.1.7600.16385  \r\nc:\\windows\\system32\\vssapi.dll    6.1.7600.20542  \r\nc:\\windows\\system32\\other.dll     1.2.3.4  \r\n"

	versionCSV = "Node,Name,Version\r\nNODE-A,c:\\windows\\system32\\vmms.exe,6.1.7600.16385\r\n"

	versionTable = "\r\nProductVersion   FileVersion      FileName\r\n--------------   -----------      --------\r\n6.1.7600.20542   6.1.7600.2054... \\\\NODE-A\\admin$\\system32\\vmms.exe\r\n"

	versionFilever = "--a-- W32x64 ENU  6.1.7600.16385 shp  4,490,752 07-14-2009 vmms.exe\r\n"
)

func at(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// move is the fact of a group's move; its time is that of the samples.
func move(line int, host, group, from, to, kind string, timed bool) event.Fact {
	f := event.Fact{Line: line, Host: host, Key: event.FactGroupMove, Name: group, Value: from + " to " + to, Note: kind}
	if timed {
		f.Time = time.Date(2010, 3, 14, 23, 1, 40, 120e6, time.UTC)
	}
	return f
}

func TestRead(t *testing.T) {
	type F = event.Fact
	fact := func(line int, host string, key event.FactKey, value string) F {
		return F{Line: line, Host: host, Key: key, Value: value}
	}
	named := func(line int, host string, key event.FactKey, name, value string) F {
		return F{Line: line, Host: host, Key: key, Name: name, Value: value}
	}
	fix := func(line int, host, kb string, day time.Time) F {
		return F{Line: line, Host: host, Key: event.FactHotfix, Value: kb, Time: day}
	}
	partial := func(f F, note string) F { f.Note = note; return f }
	tests := []struct {
		name, format, text string
		want               []F
	}{
		{"English", "systeminfo", sysEnglish, []F{
			fact(2, "NODE-A", event.FactComputer, "NODE-A"), fact(4, "NODE-A", event.FactOSBuild, "6.1.7600"), fact(11, "NODE-A", event.FactHotfixList, "3"),
			fact(11, "NODE-A", event.FactHotfix, "KB975354"), fact(12, "NODE-A", event.FactHotfix, "KB2545685"), fact(13, "NODE-A", event.FactHotfix, "KB976902")}},
		{"German", "systeminfo", sysGerman, []F{
			fact(2, "KNOTEN1", event.FactComputer, "KNOTEN1"), fact(4, "KNOTEN1", event.FactOSBuild, "6.1.7601"), fact(6, "KNOTEN1", event.FactHotfixList, "2"),
			fact(6, "KNOTEN1", event.FactHotfix, "KB2545685"), fact(7, "KNOTEN1", event.FactHotfix, "KB976932")}},
		{"Czech, cut short", "systeminfo", sysCzech, []F{
			fact(1, "UZEL-2", event.FactComputer, "UZEL-2"), fact(3, "UZEL-2", event.FactOSBuild, "6.1.7600"),
			partial(fact(5, "UZEL-2", event.FactHotfixList, "1"), "the list may be partial: it says that there are 5"), fact(5, "UZEL-2", event.FactHotfix, "KB974571")}},
		{"Windows Server 2003", "systeminfo", sys2003, []F{
			fact(2, "SQL-OLD", event.FactComputer, "SQL-OLD"), fact(4, "SQL-OLD", event.FactOSBuild, "5.2.3790"), fact(6, "SQL-OLD", event.FactHotfixList, "3"), fact(8, "SQL-OLD", event.FactHotfix, "KB911564")}},
		{"CSV", "systeminfo", sysCSV, []F{
			fact(2, "NODE-A", event.FactComputer, "NODE-A"), fact(2, "NODE-A", event.FactOSBuild, "6.1.7600"), fact(2, "NODE-A", event.FactHotfixList, "2"),
			fact(2, "NODE-A", event.FactHotfix, "KB975354"), fact(2, "NODE-A", event.FactHotfix, "KB976902")}},

		{"wmic qfe", "hotfixes", qfeTable, []F{
			fix(2, "NODE-A", "KB975354", at(2009, 10, 14)), fix(3, "NODE-A", "KB976902", at(2009, 11, 2)), fact(2, "NODE-A", event.FactHotfixList, "2")}},
		{"wmic qfe as CSV", "hotfixes", qfeCSV, []F{
			fix(3, "NODE-A", "KB975354", at(2009, 10, 14)), fix(4, "NODE-B", "KB976902", at(2009, 11, 3)),
			partial(fact(3, "NODE-A", event.FactHotfixList, "1"), "the list may be partial: it has a single entry"),
			partial(fact(4, "NODE-B", event.FactHotfixList, "1"), "the list may be partial: it has a single entry")}},
		{"Get-HotFix, order of dates unknown", "hotfixes", getHotFix, []F{
			fix(4, "NODE-A", "KB975354", time.Time{}), fix(5, "NODE-A", "KB976902", time.Time{}), fact(4, "NODE-A", event.FactHotfixList, "2")}},
		{"Get-HotFix as CSV", "hotfixes", hotfixCSV, []F{fix(3, "NODE-A", "KB975354", at(2009, 10, 14)), fact(3, "NODE-A", event.FactHotfixList, "2")}},
		{"Get-HotFix as Clixml", "hotfixes", hotfixClixml, []F{
			fix(3, "NODE-A", "KB975354", at(2009, 10, 14)), fix(6, "NODE-A", "KB976902", time.Time{}), fact(3, "NODE-A", event.FactHotfixList, "2")}},

		{"English", "vss-writers", writersEnglish, []F{
			named(7, "", event.FactWriterState, "{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}", "8"), named(13, "", event.FactWriterState, "{e8132975-6f93-4464-a53e-1050253ae220}", "1")}},
		{"German", "vss-writers", writersGerman, []F{named(6, "", event.FactWriterState, "{e8132975-6f93-4464-a53e-1050253ae220}", "5")}},
		{"diskshadow", "vss-writers", writersShadow, []F{named(4, "", event.FactWriterState, "{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}", "1")}},

		{"export", "registry", regExport, []F{
			fact(4, "GUEST-1", event.FactBackupType, "1"), fact(8, "GUEST-1", event.FactComputer, "GUEST-1"), fact(11, "GUEST-1", event.FactSANPolicy, "3"),
			fact(16, "GUEST-1", event.FactVirtualOn, "node-a.example.com"), fact(17, "GUEST-1", event.FactVirtualName, `web "1"`), fact(21, "GUEST-1", event.FactOSBuild, "5.2.3790")}},
		{"a key without the value", "registry", regAbsent, []F{fact(3, "", event.FactBackupType, "absent")}},
		{"reg query", "registry", regQuery, []F{fact(6, "GUEST-1", event.FactComputer, "GUEST-1"), fact(11, "GUEST-1", event.FactOSBuild, "10.0.17763")}},

		{"two sessions", "iscsi-sessions", iscsiTwo, []F{fact(5, "", event.FactISCSISession, "2")}},
		{"no session", "iscsi-sessions", iscsiNone, []F{fact(3, "", event.FactISCSISession, "0")}},
		{"an error", "iscsi-sessions", iscsiError, nil},

		{"diskpart", "disk-ids", diskpart, []F{
			fact(4, "NODE-A", event.FactComputer, "NODE-A"), named(12, "NODE-A", event.FactDiskID, "2", "3F2A9B11"),
			named(17, "NODE-A", event.FactDiskID, "3", "{0d3c7a9e-1111-4222-8333-444455556666}"), fact(21, "NODE-A", event.FactSANPolicy, "2")}},

		{"VersionInfo, list", "file-versions", versionList, []F{named(5, "", event.FactFileVersion, "vmms.exe", "6.1.7600.20542")}},
		{"wmic datafile", "file-versions", versionWmic, []F{
			named(2, "", event.FactFileVersion, "vmms.exe", "6.1.7600.16385"), named(3, "", event.FactFileVersion, "vssapi.dll", "6.1.7600.20542")}},
		{"wmic datafile as CSV", "file-versions", versionCSV, []F{named(2, "NODE-A", event.FactFileVersion, "vmms.exe", "6.1.7600.16385")}},
		{"VersionInfo, cut table", "file-versions", versionTable, []F{named(4, "NODE-A", event.FactFileVersion, "vmms.exe", "6.1.7600.20542")}},
		{"a plain line", "file-versions", "C:\\Windows\\System32\\vmms.exe: 6.1.7600.16385 (win7_rtm.090713-1255)\r\nvssapi.dll 6.1.7600.20542\r\n", []F{
			named(1, "", event.FactFileVersion, "vmms.exe", "6.1.7600.16385"), named(2, "", event.FactFileVersion, "vssapi.dll", "6.1.7600.20542")}},
		{"VersionInfo without FileName", "file-versions", "\r\nFileVersion        : 6.1.7600.16385\r\nInternalName       : vmms.exe\r\nOriginalFilename   : vmms.exe\r\n", []F{named(2, "", event.FactFileVersion, "vmms.exe", "6.1.7600.16385")}},
		{"2008 R2 to 2012 R2", "cluster-log", clusterOld, []F{move(2, "", "Cluster Disk 2 from here", "NODE-A", "NODE-B", "Manual", true), move(5, "", "FILE07", "NODE-B", "NODE-A", "NodeDown", true)}},
		{"2016 and later", "cluster-log", clusterNew, []F{
			fact(2, "NODE-A", event.FactOSBuild, "10.0.14393"), fact(4, "NODE-A", event.FactComputer, "NODE-A"), move(6, "NODE-A", "FILE07", "NODE-A", "NODE-B", "Manual", true)}},
		{"in local time", "cluster-log", strings.Replace(clusterNew, "UTC =", "The logs were generated using local time. UTC =", 1), []F{
			fact(2, "NODE-A", event.FactOSBuild, "10.0.14393"), fact(4, "NODE-A", event.FactComputer, "NODE-A"), move(6, "NODE-A", "FILE07", "NODE-A", "NODE-B", "Manual", false)}},

		{"filever", "file-versions", versionFilever, []F{named(1, "", event.FactFileVersion, "vmms.exe", "6.1.7600.16385")}},
	}
	for _, tt := range tests {
		t.Run(tt.format+"/"+tt.name, func(t *testing.T) {
			for coding, encode := range encodings {
				b := encode(tt.text)
				if got := Sniff("x.txt", b); got != tt.format {
					t.Fatalf("%s: taken for %q", coding, got)
				}
				src := &event.Source{ID: 3}
				got := Read(strings.NewReader(string(b)), tt.format, src)
				checkPlaces(t, b, got)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: facts (-want +got):\n%s", coding, diff)
				}
				if len(src.Damage) > 0 || src.Err != "" || src.Records != uint64(strings.Count(tt.text, "\n")) {
					t.Errorf("%s: %+v", coding, src)
				}
			}
		})
	}
}

// encodings are the ways in which a sample reaches us.
var encodings = map[string]func(string) []byte{
	"UTF-8":           func(s string) []byte { return []byte(s) },
	"UTF-8 with mark": func(s string) []byte { return []byte("\ufeff" + s) },
	"UTF-16LE":        func(s string) []byte { return wide("\ufeff"+s, binary.LittleEndian) },
	"UTF-16BE":        func(s string) []byte { return wide(s, binary.BigEndian) },
	"code page 852": func(s string) []byte {
		b, err := charmap.CodePage852.NewEncoder().Bytes([]byte(s))
		if err != nil {
			panic(err)
		}
		return b
	},
}

// TestPrompt: what was copied from a console says the same.
func TestPrompt(t *testing.T) {
	read := func(text string) (format string, facts []event.Fact) {
		format = Sniff("x.txt", []byte(text))
		facts = Read(strings.NewReader(text), format, &event.Source{})
		for i := range facts {
			facts[i].Ref = event.Ref{}
		}
		return format, facts
	}
	for _, text := range []string{sysEnglish, sysCSV, qfeTable, qfeCSV, getHotFix, writersEnglish, writersShadow, regQuery, iscsiTwo, iscsiNone} {
		format, want := read(text)
		for i := range want {
			want[i].Line++
		}
		for _, prompt := range []string{`C:\Windows\system32>`, `PS C:\Users\admin> `, `[node-r.contoso.com]: PS C:\> `} {
			for i := range want {
				if want[i].Host == "" && prompt[0] == '[' {
					want[i].Host = "node-r.contoso.com"
				}
			}
			gotFormat, got := read(prompt + "command /x\r\n" + text + "\r\n" + prompt + "\r\n")
			if diff := cmp.Diff(want, got); diff != "" || gotFormat != format {
				t.Errorf("%.40q: format %q, want %q: %s", text, gotFormat, format, diff)
			}
		}
	}
}

// TestSections: what several commands printed is read as if each had a file of its own,
// and is of the computer that one of them names.
func TestSections(t *testing.T) {
	const prompt = `C:\Windows\system32>`
	read := func(text string) (facts []event.Fact, src *event.Source) {
		src = &event.Source{}
		facts = Read(strings.NewReader(text), Sniff("x.txt", []byte(text)), src)
		for i := range facts {
			facts[i].Line = 0
			if at := facts[i].Offset; at > 0 && text[at-1] != '\n' {
				t.Errorf("%+v does not stand at a line", facts[i])
			}
			facts[i].Ref = event.Ref{}
		}
		return facts, src
	}
	console := func(texts ...string) (all string) {
		for _, text := range texts {
			all += prompt + "command\r\n" + text + "\r\n"
		}
		return all + prompt
	}
	of := func(host string, texts ...string) (want []event.Fact) {
		for _, text := range texts {
			facts, _ := read(text)
			for _, f := range facts {
				if f.Host == "" {
					f.Host = host
				}
				want = append(want, f)
			}
		}
		return want
	}
	for name, tt := range map[string]struct {
		text string
		want []event.Fact
	}{
		"one computer":        {console(sysEnglish, writersEnglish, "nothing", iscsiTwo), of("NODE-A", sysEnglish, writersEnglish, iscsiTwo)},
		"named at the end":    {console(writersEnglish, iscsiTwo, sysEnglish), of("NODE-A", writersEnglish, iscsiTwo, sysEnglish)},
		"two computers":       {console(sysEnglish, writersEnglish, sysGerman, iscsiTwo), append(of("NODE-A", sysEnglish, writersEnglish), of("KNOTEN1", sysGerman, iscsiTwo)...)},
		"two, and one before": {console(iscsiTwo, sysEnglish, sysGerman), append(of("", iscsiTwo, sysEnglish), of("", sysGerman)...)},
	} {
		got, src := read(tt.text)
		if diff := cmp.Diff(tt.want, got); diff != "" || len(src.Damage) > 0 {
			t.Errorf("%s: %v %s", name, src.Damage, diff)
		}
	}
	away := prompt + "systeminfo /s KNOTEN1\r\n" + sysGerman
	want := append(of("NODE-A", sysEnglish), append(of("", sysGerman), of("", iscsiTwo)...)...)
	if got, _ := read(console(sysEnglish) + "\r\n" + away + console(iscsiTwo)); !cmp.Equal(want, got) {
		t.Errorf("a command about another computer: %s", cmp.Diff(want, got))
	}
	if _, src := read(console(slices.Repeat([]string{"x"}, 2*maxSections)...)); src.Err == "" {
		t.Errorf("nothing but prompts: %+v", src)
	}
}

func wide(s string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// checkPlaces checks that each fact's offset is that of its line, and takes both
// source and offset out of the facts.
func checkPlaces(t *testing.T, b []byte, facts []event.Fact) {
	t.Helper()
	offsets := []int64{0}
	for l := range newText(b).lines() {
		offsets = append(offsets, l.offset)
	}
	for i := range facts {
		f := &facts[i]
		if f.Source != 3 || f.Offset != offsets[f.Line] || f.Offset > 0 && f.Line == 1 {
			t.Errorf("fact %+v is not at %d", f, offsets[f.Line])
		}
		f.Ref = event.Ref{}
	}
}

// What is none of the known artefacts must not be taken for one.
func TestSniffNothing(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                "",
		"binary":               "ElfFile\x00\x00\x00",
		"event log as CSV":     "Level,Date and Time,Source,Event ID,Task Category\r\nError,10/14/2009 10:00:00,Microsoft-Windows-Hyper-V-VMMS,10103,None,\"vmms.exe 6.1.7600.16385 failed\"\r\n",
		"article's table":      "Vmms.exe 6.1.7600.20542 4,499,968 06-Oct-2009 03:05 x64\r\n",
		"a cluster log in it":  "see\r\n0000ab34.00008b68::2014/06/10-07:54:34.099 INFO  [DCM] vmms.exe 6.1.7600.20542 {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\r\n",
		"readme":               "Install KB975354. It brings vmms.exe 6.1.7600.20542.\r\nHotFixID KB975354\r\nOS Version: 6.1.7601\r\n",
		"an article's table":   "File name\tFile version\tFile size\tDate\tTime\tPlatform\r\nVmms.exe\t6.1.7600.20542\t4,499,968\t06-Oct-2009\t09:33\tx64\r\n",
		"exported events":      "<?xml version=\"1.0\"?><Events><Event><System><Provider Name='VSS'/></System></Event></Events>",
		"some Clixml":          `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><S>KB975354</S></Objs>`,
		"INI file":             "[x]\r\nName=vmms.exe\r\nVersion=abc\r\n",
		"winver and a model":   "Host Name:  NODE-A\r\nOS Name:  Windows\r\nVersion: 6.1.7601 Service Pack 1 Build 7600\r\n",
		"a log with labels":    "Time: now\r\nSource: VSS\r\nBuild: 6.1.7601\r\n",
		"GUIDs without states": "a\r\n  Id: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\r\n  Id: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\r\n  Name: x\r\n",
		"a key in a text":      "HKEY_LOCAL_MACHINE\\SOFTWARE\\x must be set\r\n",
		"msinfo":               "System Information report written at: 10/14/09 10:00:00\r\nSystem Name: NODE-A\r\n",
	} {
		if got := Sniff(name, []byte(text)); got != "" {
			t.Errorf("%s: taken for %q", name, got)
		}
	}
}

func TestReadHostile(t *testing.T) {
	systeminfo := "Host Name: A\nOS: B\nOS Version: 6.1.7601 Service Pack 1 Build 7601\n"
	tests := []struct {
		name, format string
		r            io.Reader
		kinds        []event.DamageKind
		err          string
	}{
		{"too long", "systeminfo", strings.NewReader(strings.Repeat("x\n", maxText/2+1)), []event.DamageKind{event.DamageLimit}, ""},
		{"a line too long", "systeminfo", strings.NewReader(systeminfo + strings.Repeat("x", 2*maxLine)), []event.DamageKind{event.DamageLimit}, ""},
		{"too many facts", "hotfixes", strings.NewReader("CSName,HotFixID\n" + strings.Repeat("A,KB123456\n", maxFacts+1)), []event.DamageKind{event.DamageLimit}, ""},
		{"too many computers", "hotfixes", hosts(maxFacts + 10), []event.DamageKind{event.DamageLimit}, ""},
		{"several computers", "systeminfo", strings.NewReader(systeminfo + strings.Replace(systeminfo, " A", " C", 1)), []event.DamageKind{event.DamageUnsupported}, ""},
		{"a reader that fails", "systeminfo", io.MultiReader(strings.NewReader(systeminfo), iotest.ErrReader(errors.New("broken"))), nil, "broken"},
		{"a format that is none", "x", strings.NewReader(systeminfo), nil, `"x" is no format of a text artefact`},
	}
	for _, tt := range tests {
		src := &event.Source{}
		Read(tt.r, tt.format, src)
		var kinds []event.DamageKind
		for _, d := range src.Damage {
			kinds = append(kinds, d.Kind)
		}
		if diff := cmp.Diff(tt.kinds, kinds); diff != "" || src.Err != tt.err || !src.Lost() {
			t.Errorf("%s: %+v (-want +got):\n%s", tt.name, src, diff)
		}
	}
}

// Texts made to be slow: each takes a fraction of a second, which does
// not grow with the square of the length.
func TestReadHostileIsLinear(t *testing.T) {
	const half = 1 << 18
	for name, text := range map[string]string{
		"Clixml of empty lines":     `<Objs Version="1">` + strings.Repeat("\n", half),
		"Clixml cut by comments":    `<Objs Version="1"><S N="HotFixID">` + strings.Repeat("a<!---->", half/8),
		"Clixml of open elements":   `<Objs Version="1">` + strings.Repeat("<a>", half/3),
		"CSV with a long header":    "HotFixID," + strings.Repeat("a,", half/8) + "\n" + strings.Repeat("a,b\n", half/4),
		"a table with many columns": "HotFixID " + strings.Repeat("a ", half/8) + "\n" + strings.Repeat("a b\n", half/4),
		"a list without an end":     strings.Repeat("HotFixID=KB123456\n", half/18),
		"a line of brackets":        strings.Repeat("[", half),
	} {
		for _, format := range formats {
			start := time.Now()
			Read(strings.NewReader(text), format.name, &event.Source{})
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("%s as %s took %v", name, format.name, d)
			}
		}
	}
}

func hosts(n int) io.Reader {
	var b strings.Builder
	b.WriteString("CSName,HotFixID\n")
	for i := range n {
		fmt.Fprintf(&b, "H%d,KB123456\n", i)
	}
	return strings.NewReader(b.String())
}

func TestParseDay(t *testing.T) {
	tests := []struct {
		in    string
		order dateOrder
		want  time.Time
	}{
		{"10/14/2009", monthFirst, at(2009, 10, 14)},
		{"14/10/2009", dayFirst, at(2009, 10, 14)},
		{"3/4/2010", monthFirst, at(2010, 3, 4)},
		{"3/4/2010", dayFirst, at(2010, 4, 3)},
		{"3/4/2010", orderUnknown, time.Time{}},
		{"4/4/2010 12:00:00 AM", orderUnknown, at(2010, 4, 4)},
		{"13/13/2010", monthFirst, time.Time{}},
		{"3.11.2009", orderUnknown, at(2009, 11, 3)},
		{"3. 11. 2009", orderUnknown, at(2009, 11, 3)},
		{"2009-11-03T00:00:00+01:00", orderUnknown, at(2009, 11, 3)},
		{"20091103", orderUnknown, at(2009, 11, 3)},
		{"20091103101500.000000+060", orderUnknown, at(2009, 11, 3)},
		{"01ca4cabd1d0e100", orderUnknown, at(2009, 10, 14)},
		{"ffffffffffffffff", orderUnknown, time.Time{}},
		{"0000000000000000", orderUnknown, time.Time{}},
		{"yesterday", orderUnknown, time.Time{}},
		{"", orderUnknown, time.Time{}},
	}
	for _, tt := range tests {
		if got := parseDay(tt.in, tt.order); !got.Equal(tt.want) {
			t.Errorf("parseDay(%q, %d) = %v, want %v", tt.in, tt.order, got, tt.want)
		}
	}
}

// Whatever the text: reading ends, facts are bounded and at their places, and
// text in UTF-16 states the same as in UTF-8.
// TestClusterLogIsBounded: of a cluster log of any length the last moves are kept,
// and a line without an end costs no memory.
func TestClusterLogIsBounded(t *testing.T) {
	_, moved, _ := strings.Cut(clusterOld, "\n")
	moved, _, _ = strings.Cut(moved, "\n")
	many := strings.Repeat(moved+"\n", maxMoves+5)
	long := strings.Repeat("x", 1<<20)
	src := &event.Source{}
	facts := Read(strings.NewReader(many+long+long+long+"\n"+moved), "cluster-log", src)
	if len(facts) != maxMoves || facts[0].Note != "Manual; 6 moves before it are not listed" || src.Records != maxMoves+7 || len(src.Damage) > 0 {
		t.Errorf("%d facts, the first with %q; %+v", len(facts), facts[0].Note, src)
	}
	if last := facts[maxMoves-1]; last.Line != maxMoves+7 || last.Offset != int64(len(many)+3*len(long)+1) {
		t.Errorf("the last one stands in line %d at %d", last.Line, last.Offset)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{sysEnglish, sysCSV, qfeTable, qfeCSV, hotfixClixml, writersGerman, writersShadow, regExport, regQuery, iscsiTwo, diskpart, versionList, versionTable, versionFilever} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		Sniff("", []byte(s))
		for _, format := range formats {
			src := &event.Source{ID: 3}
			got := Read(strings.NewReader("\ufeff"+s), format.name, src)
			checkPlaces(t, []byte("\ufeff"+s), got)
			again := Read(strings.NewReader(string(wide("\ufeff"+s, binary.LittleEndian))), format.name, &event.Source{ID: 3})
			for i := range again {
				again[i].Ref = event.Ref{}
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("%s: UTF-16 differs (-8 +16):\n%s", format.name, diff)
			}
		}
	})
}
