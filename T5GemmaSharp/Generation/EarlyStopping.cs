namespace T5GemmaSharp.Generation;

/// <summary>When beam search ends.</summary>
/// <remarks>HF: <c>early_stopping</c>, with the values <c>false</c>, <c>true</c> and <c>"never"</c>.</remarks>
public enum EarlyStopping
{
    /// <summary>When it is unlikely that a running beam becomes better than the finished ones.</summary>
    False,

    /// <summary>As soon as there are as many finished beams as asked for.</summary>
    True,

    /// <summary>When no running beam can become better.</summary>
    Never,
}
