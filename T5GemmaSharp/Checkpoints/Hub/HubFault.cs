namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Why a download failed.</summary>
public enum HubFault
{
    /// <summary>The hub wants a token, or does not know the one it got; it answers so for repositories that do not exist, too.</summary>
    Unauthorized,

    /// <summary>The token may not read the repository: it is gated or private.</summary>
    Forbidden,

    /// <summary>There is no such repository.</summary>
    RepositoryNotFound,

    /// <summary>The repository has no such branch, tag or commit.</summary>
    RevisionNotFound,

    /// <summary>The repository has no such file, or none that the patterns choose.</summary>
    FileNotFound,

    /// <summary>The hub asked to come back later, more often or for longer than the limits allow.</summary>
    RateLimited,

    /// <summary>The connection failed, or the hub had a fault of its own, once too often.</summary>
    Unavailable,

    /// <summary>The answer is none that the hub gives.</summary>
    UnexpectedAnswer,

    /// <summary>A file has another length than the hub lists.</summary>
    WrongLength,

    /// <summary>A file has another checksum than the hub lists.</summary>
    WrongChecksum,

    /// <summary>The hub lists a path that would not stay in the folder, or the folder has a link in its place.</summary>
    UnsafePath,

    /// <summary>The disk is full, or will be.</summary>
    DiskFull,
}
