namespace T5GemmaSharp.Hosting;

/// <summary>Where a model of a service is in its life.</summary>
public enum T5GemmaEngineState
{
    /// <summary>Not started.</summary>
    Created,

    /// <summary>The files are being read; requests wait.</summary>
    Loading,

    /// <summary>The first pass is being made; requests wait.</summary>
    WarmingUp,

    /// <summary>Requests are answered.</summary>
    Ready,

    /// <summary>Accepted requests are answered, new ones are refused.</summary>
    Draining,

    /// <summary>Stopped; requests are refused.</summary>
    Stopped,

    /// <summary>It could not be loaded, or its thread has ended; requests are refused.</summary>
    Failed,
}
