namespace T5GemmaSharp.Generation.Streaming;

/// <summary>Work for the model thread, in pieces that take turns.</summary>
internal interface IModelWork
{
    /// <summary>Whether a piece can be done now.</summary>
    bool IsReady { get; }

    /// <summary>Does a piece; true when all is done. Never throws.</summary>
    bool Advance();

    /// <summary>Ends the work unfinished.</summary>
    void Stop(Exception reason);
}
