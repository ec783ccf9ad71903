namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Whether there is room on a disk.</summary>
internal static class DiskSpace
{
    private const int NoSpaceOnUnix = 28;
    private const int QuotaOnLinux = 122;
    private const int QuotaOnMac = 69;
    private const int HandleDiskFullOnWindows = 39;
    private const int DiskFullOnWindows = 112;

    /// <summary>Fails before the first byte when the disk is too small.</summary>
    public static void Require(string folder, long bytes)
    {
        long free;
        try
        {
            free = new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return; // a network folder may not tell; then writing shows it
        }

        if (free < bytes)
            throw new HubException(HubFault.DiskFull, $"{folder}: the files need {bytes:N0} bytes more, the disk has {free:N0}. Free some, or choose another folder; nothing was fetched.");
    }

    /// <summary>Whether a write failed because of a full disk or a quota.</summary>
    public static bool IsFull(IOException exception)
    {
        var code = exception.HResult & 0xFFFF;
        return OperatingSystem.IsWindows() ? code is HandleDiskFullOnWindows or DiskFullOnWindows
            : code == NoSpaceOnUnix || code == (OperatingSystem.IsMacOS() ? QuotaOnMac : QuotaOnLinux);
    }
}
