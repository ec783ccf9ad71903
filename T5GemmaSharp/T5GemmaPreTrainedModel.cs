using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp;

/// <summary>What all models share: a configuration, loading and saving.</summary>
/// <typeparam name="TInputs">Arguments of the forward pass.</typeparam>
/// <typeparam name="TOutput">Its result.</typeparam>
/// <remarks>
/// HF: <c>T5GemmaPreTrainedModel</c>. A model is not thread-safe: use it from one thread at a time. Dispose it to free its weights.
/// </remarks>
public abstract class T5GemmaPreTrainedModel<TInputs, TOutput> : nn.Module<TInputs, TOutput>
{
    private protected T5GemmaPreTrainedModel(string name, T5GemmaConfig config)
        : base(name) => Config = config;

    /// <summary>The resolved configuration.</summary>
    public T5GemmaConfig Config { get; }

    /// <summary>What the loader found; null for a model that was not loaded.</summary>
    public LoadReport? LoadReport { get; internal set; }

    /// <summary>The adapter on this model; null: none. See <see cref="LoraAdapter.Attach"/>.</summary>
    public LoraAdapter? Adapter { get; internal set; }

    /// <summary>The matrices of the decoder that are stored as integers; null: none.</summary>
    internal QuantizedWeights? Quantized { get; set; }

    /// <summary>Device of the weights.</summary>
    public Device Device => parameters().First().device;

    /// <summary>Dtype of the weights.</summary>
    public ScalarType DType => parameters().First().dtype;

    /// <summary>Writes configuration and weights, so that this library and transformers load the folder.</summary>
    /// <param name="folder">The folder; made if it does not exist. Complete files replace those of an earlier save, never half-written ones.</param>
    /// <param name="maxShardSizeInBytes">Largest weight file in bytes; null: 50 GB, the reference's default.</param>
    public virtual void SavePretrained(string folder, long? maxShardSizeInBytes = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        PretrainedFolder.Save(this, Quantized, Config with { Architectures = [GetType().Name], DType = DType, Quantization = Quantized?.Quantization }, folder, maxShardSizeInBytes);
    }

    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        base._to(device, dtype, non_blocking);
        FollowMove();
        return this;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        base._to(deviceType, deviceIndex, non_blocking);
        FollowMove();
        return this;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Adapter?.Dispose();
            Quantized?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void FollowMove()
    {
        Adapter?.FollowModel();
        Quantized?.To(Device);
    }

    /// <summary>Initialises the weights named, or all of them, and returns the model.</summary>
    internal void InitializeWeights(Func<string, bool>? isWanted = null) => WeightInitialization.Apply(this, Config, isWanted);
}
