namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>What a download has left in a folder.</summary>
/// <param name="Repository">Name of the repository.</param>
/// <param name="Commit">The commit that the revision was.</param>
/// <param name="Folder">Full path of the folder.</param>
/// <param name="Files">All files that were asked for, complete and checked.</param>
/// <param name="Fetched">Those of them that were not there before.</param>
public sealed record HubDownload(string Repository, string Commit, string Folder, IReadOnlyList<HubFile> Files, IReadOnlyList<HubFile> Fetched);
