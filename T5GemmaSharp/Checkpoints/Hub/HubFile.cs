namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>A file as the hub lists it.</summary>
/// <param name="Path">Its path in the repository, with slashes.</param>
/// <param name="SizeInBytes">Its length.</param>
/// <param name="Sha256">SHA-256 of its bytes, 64 lower-case hexadecimal digits, for files in LFS; null for others.</param>
/// <param name="GitSha1">Git's blob id, 40 lower-case hexadecimal digits, for files that are not in LFS; null where the hub does not tell it.</param>
public sealed record HubFile(string Path, long SizeInBytes, string? Sha256, string? GitSha1);
