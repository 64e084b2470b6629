# Gathers what vsswhy needs to say why a backup or restore failed, on a Hyper-V
# host or inside a guest. It only reads; what it finds goes into a new folder, and
# from there into one cabinet. For PowerShell 2.0 and later, as administrator.
$ErrorActionPreference = 'Continue'
$logs = @(
{{LOGS}}
)
$computer = $env:COMPUTERNAME
$stamp = (Get-Date).ToUniversalTime().ToString('yyyyMMdd-HHmmss')
$folder = Join-Path $env:TEMP ('vsswhy-' + $computer + '-' + $stamp)
New-Item -ItemType Directory -Path $folder | Out-Null

function Keep([string]$name, [scriptblock]$command) {
    # What a computer does not have leaves a file that says so.
    try { & $command 2>&1 | Out-File -FilePath (Join-Path $folder $name) -Encoding Unicode -Width 400 }
    catch { $_ | Out-File -FilePath (Join-Path $folder $name) -Encoding Unicode }
}

# Versions of Windows differ in how they divide the names of logs.
function Bare([string]$name) { ($name -replace '[-/]', '') -replace 'Operational$', '' }
$there = @(& wevtutil.exe el)
foreach ($log in $logs) {
    foreach ($name in $there) {
        if ((Bare $name) -eq (Bare $log)) {
            $file = Join-Path $folder ($name.Replace('/', '%4') + '.evtx')
            & wevtutil.exe epl $name $file 2>&1 | Out-Null
        }
    }
}
Keep 'systeminfo.txt' { & systeminfo.exe }
Keep 'hotfixes.csv' { & wmic.exe qfe list full /format:csv }
Keep 'hotfixes.txt' { Get-HotFix }
Keep 'vmms-version.txt' { (Get-Item (Join-Path $env:windir 'System32\vmms.exe')).VersionInfo | Format-List FileName, FileVersion, InternalName, OriginalFilename }
Keep 'writers.txt' { & vssadmin.exe list writers }
Keep 'providers.txt' { & vssadmin.exe list providers }
Keep 'shadows.txt' { & vssadmin.exe list shadows }
Keep 'shadowstorage.txt' { & vssadmin.exe list shadowstorage }
Keep 'iscsi.txt' { & iscsicli.exe sessionlist }

# Signatures of all disks, and the SAN policy.
$script = Join-Path $folder 'diskpart-in.txt'
$lines = @('san', 'list disk')
Get-WmiObject Win32_DiskDrive | Sort-Object Index | ForEach-Object { $lines += ('select disk ' + $_.Index); $lines += 'uniqueid disk' }
$lines | Out-File -FilePath $script -Encoding ASCII
Keep 'diskpart.txt' { & diskpart.exe /s $script }
Remove-Item $script

foreach ($key in @('HKLM\SOFTWARE\Microsoft\Virtualization\VssRequestor', 'HKLM\SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters', 'HKLM\SYSTEM\CurrentControlSet\Services\partmgr\Parameters')) {
    $file = Join-Path $folder ($key.Split('\')[-2] + '-' + $key.Split('\')[-1] + '.reg')
    & reg.exe export $key $file 2>&1 | Out-Null
}
if (Get-Service ClusSvc -ErrorAction SilentlyContinue) {
    Import-Module FailoverClusters -ErrorAction SilentlyContinue
    Get-ClusterLog -Node $computer -Destination $folder -ErrorAction SilentlyContinue | Out-Null
    Keep 'volumes.txt' { Get-ClusterSharedVolume | Format-List Name, OwnerNode, State, SharedVolumeInfo }
}

# One file to send: a cabinet, which every Windows can make.
$ddf = Join-Path $env:TEMP ('vsswhy-' + $stamp + '.ddf')
$cabinet = 'vsswhy-' + $computer + '-' + $stamp + '.cab'
$list = @(('.Set CabinetNameTemplate=' + $cabinet), ('.Set DiskDirectoryTemplate="' + $env:TEMP + '"'), '.Set MaxDiskSize=0', '.Set Cabinet=on', '.Set Compress=on', '.Set RptFileName=nul', '.Set InfFileName=nul')
# A percent sign, as names of logs have it, is doubled there.
Get-ChildItem $folder | ForEach-Object { $list += ('"' + $_.FullName + '" "' + $computer + '\' + $_.Name + '"').Replace('%', '%%') }
$list | Out-File -FilePath $ddf -Encoding Default
& makecab.exe /F $ddf | Out-Null
Remove-Item $ddf
Write-Host ''
Write-Host ('Please send ' + (Join-Path $env:TEMP $cabinet))
Write-Host ('or, if that file is not there, the folder ' + $folder)
