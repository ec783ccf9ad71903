using T5GemmaSharp.Configuration;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting;

/// <summary>One model of a service. Every property can come from configuration under its own name.</summary>
public sealed class T5GemmaOptions
{
    /// <summary>Folder of the checkpoint with its tokenizer; required.</summary>
    public string ModelPath { get; set; } = "";

    /// <summary>Name of the model in answers; null (default): the folder's name.</summary>
    public string? ModelId { get; set; }

    /// <summary>Device: <c>auto</c> (default: CUDA where there is one), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; set; } = "auto";

    /// <summary>Dtype of the weights; null (default): the stored one on CUDA, float32 on the CPU.</summary>
    public ScalarType? DType { get; set; }

    /// <summary>How attention is computed; default <see cref="AttentionImplementation.Auto"/>.</summary>
    public AttentionImplementation Attention { get; set; }

    /// <summary>Most answers that are generated at the same time; default 32. Each needs memory for its source and its tokens.</summary>
    public int MaxBatchSize { get; set; } = 32;

    /// <summary>Most tokens, padding included, that the encoder reads between two decoding steps; default 4096. It bounds how long running answers wait for new ones. A longer source is read alone.</summary>
    public int MaxEncoderTokens { get; set; } = 4096;

    /// <summary>Most requests that wait; default 64. Beyond it a request fails at once with <see cref="T5GemmaQueueFullException"/>.</summary>
    public int QueueCapacity { get; set; } = 64;

    /// <summary>Longest source in tokens; default 8192. A longer one is refused.</summary>
    public int MaxInputTokens { get; set; } = 8192;

    /// <summary>Longest source in UTF-16 units, looked at before the text is read; default 262144. A longer one is refused.</summary>
    public int MaxInputCharacters { get; set; } = 262_144;

    /// <summary>Most new tokens a request may ask for; default 1024. It also bounds what is kept for a reader that is slow.</summary>
    public int MaxOutputTokens { get; set; } = 1024;

    /// <summary>New tokens of a request that does not say how many, where the model's generation configuration does not either; default 256.</summary>
    public int DefaultOutputTokens { get; set; } = 256;

    /// <summary>Longest time of a request from its arrival to its last token, after which it fails with <see cref="TimeoutException"/>; default two minutes. <see cref="Timeout.InfiniteTimeSpan"/>: none.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Time that accepted requests have to end when the service stops; default 20 seconds. The host's own limit counts too.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether messages are rendered by the chat template. Null (default): where the tokenizer's files have one; else the source is the messages' texts alone.</summary>
    public bool? UseChatTemplate { get; set; }

    /// <summary>How the states of a text's tokens become its vector; default <see cref="T5GemmaPooling.Mean"/>.</summary>
    public T5GemmaPooling Pooling { get; set; }

    /// <summary>Whether vectors have length one; default true.</summary>
    public bool NormalizeEmbeddings { get; set; } = true;

    /// <summary>Whether a first pass is made before the model counts as ready; default true.</summary>
    public bool WarmUp { get; set; } = true;
}
