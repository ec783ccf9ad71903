namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>How far a download is. Bytes that were there before count; where a file starts again from its beginning, numbers fall.</summary>
/// <param name="Path">The file that got further.</param>
/// <param name="FileBytes">Bytes of it that are there.</param>
/// <param name="FileSizeInBytes">Its length.</param>
/// <param name="TotalBytes">Bytes of all files that are there.</param>
/// <param name="TotalSizeInBytes">Length of all files.</param>
public readonly record struct HubProgress(string Path, long FileBytes, long FileSizeInBytes, long TotalBytes, long TotalSizeInBytes);
