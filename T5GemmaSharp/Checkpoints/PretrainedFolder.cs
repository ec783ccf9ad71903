using T5GemmaSharp.Interop;
using T5GemmaSharp.Modeling;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>Builds, loads and saves any of the models.</summary>
internal static class PretrainedFolder
{
    private const string TiedHead = "lm_head.out_proj.weight";
    private const string TiedOwner = "model.decoder.embed_tokens.weight";
    private const string NewHeadPrefix = "score.";

    /// <summary>Builds a model with fresh weights.</summary>
    internal static TModel Create<TModel, TInputs, TOutput>(
        T5GemmaConfig config, PretrainedOptions? options, Func<T5GemmaConfig, ModuleFactory, TModel> build)
        where TModel : T5GemmaPreTrainedModel<TInputs, TOutput>
    {
        ArgumentNullException.ThrowIfNull(config);
        options ??= new();
        RequireDevice(options.Device);
        var factory = new ModuleFactory(options.Device ?? CPU, options.DType ?? ScalarType.Float32);
        try
        {
            var model = build(options.Apply(config), factory);
            model.InitializeWeights();
            return model;
        }
        catch
        {
            factory.Discard();
            throw;
        }
    }

    /// <summary>Loads a model in evaluation mode.</summary>
    internal static TModel Load<TModel, TInputs, TOutput>(
        string folder, PretrainedOptions? options, Func<T5GemmaConfig, ModuleFactory, TModel> build)
        where TModel : T5GemmaPreTrainedModel<TInputs, TOutput>
    {
        options ??= new();
        RequireDevice(options.Device);
        var config = options.Apply(T5GemmaConfig.FromPretrained(folder));
        using var reader = CheckpointReader.Open(folder);
        var factory = new ModuleFactory(options.Device ?? CPU, options.DType ?? StoredDType(reader));
        try
        {
            var model = build(config, factory);
            model.LoadReport = CheckpointLoader.Load(model, reader, new()
            {
                Strictness = options.Strictness,
                UseMemoryMap = options.UseMemoryMap,
                TiedAliases = config.TieWordEmbeddings ? new Dictionary<string, string> { [TiedHead] = TiedOwner } : [],
                FreshKeys = key => key.StartsWith(NewHeadPrefix, StringComparison.Ordinal),
            });
            if (model.LoadReport.InitializedKeys.Count > 0)
                model.InitializeWeights(model.LoadReport.InitializedKeys.ToHashSet(StringComparer.Ordinal).Contains);
            model.eval();
            return model;
        }
        catch
        {
            factory.Discard();
            throw;
        }
    }

    /// <summary>Writes weights, then the configuration that describes them.</summary>
    internal static void Save(nn.Module model, T5GemmaConfig config, string folder, long? maxShardSizeInBytes)
    {
        Directory.CreateDirectory(folder);
        var writer = maxShardSizeInBytes is { } limit ? new CheckpointWriter { MaxShardSizeInBytes = limit } : new CheckpointWriter();
        writer.Write(folder, model.named_parameters().ToDictionary(pair => pair.name, Tensor (pair) => pair.parameter));
        TextFile.Write(Path.Combine(folder, T5GemmaConfig.FileName), config.ToJson());
    }

    /// <summary>Loads libtorch, and says why if the device that was asked for is not there.</summary>
    private static void RequireDevice(Device? device)
    {
        TorchNative.EnsureLoaded();
        if (device?.type == DeviceType.CUDA)
            TorchNative.RequireCuda(Math.Max(device.index, 0)); // -1 is the current device
    }

    /// <summary>The dtype of the first floating tensor: files of one model hold one.</summary>
    internal static ScalarType StoredDType(CheckpointReader reader) =>
        reader.Keys.Select(key => reader.GetEntry(key).DType)
            .FirstOrDefault(dtype => dtype is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float64, ScalarType.Float32);
}
