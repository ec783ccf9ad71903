using T5GemmaSharp.Interop;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Quantization;
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
        if ((options.Quantization ?? config.Quantization) is { } quantization)
            throw new ArgumentException($"quantization: expected none of a model with fresh weights, which have to be trained first, got {quantization}", nameof(options));
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
        if ((options.Quantization ?? config.Quantization) is { } quantization && typeof(TModel) != typeof(T5GemmaForConditionalGeneration))
            throw new NotSupportedException($"{folder}: {typeof(TModel).Name} has no quantized weights ({quantization}); they are for {nameof(T5GemmaForConditionalGeneration)}. Load weights that are not quantized, without the option");
        if (config.Quantization is { } stored && options.Quantization is { } wanted && stored != wanted)
            throw new NotSupportedException($"{folder}: expected {wanted} weights, which the options ask for, got {stored}, which lose more if they are rounded again; start from the weights that were not quantized");
        using var reader = CheckpointReader.Open(folder);
        var device = options.Device ?? CPU;
        // Quantized weights are read on the CPU and moved as they are: a device need never have room for the matrices that they replace.
        var factory = new ModuleFactory(config.Quantization is null ? device : CPU, options.DType ?? (config.Quantization is null ? null : config.DType) ?? StoredDType(reader));
        try
        {
            var model = build(config with { Quantization = null }, factory);
            var loading = new CheckpointLoadOptions
            {
                Strictness = options.Strictness,
                UseMemoryMap = options.UseMemoryMap,
                TiedAliases = config.TieWordEmbeddings ? new Dictionary<string, string> { [TiedHead] = TiedOwner } : [],
                FreshKeys = key => key.StartsWith(NewHeadPrefix, StringComparison.Ordinal),
            };
            if (config.Quantization is null)
            {
                model.LoadReport = CheckpointLoader.Load(model, reader, loading);
                if (model.LoadReport.InitializedKeys.Count > 0)
                    model.InitializeWeights(model.LoadReport.InitializedKeys.ToHashSet(StringComparer.Ordinal).Contains);
                if (options.Quantization is not null)
                    _ = Generator(model).Quantize(options.Quantization);
            }
            else
            {
                LoadQuantized(model, reader, config.Quantization, loading);
                model.to(device);
            }
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
    internal static void Save(nn.Module model, QuantizedWeights? quantized, T5GemmaConfig config, string folder, long? maxShardSizeInBytes)
    {
        Directory.CreateDirectory(folder);
        var writer = maxShardSizeInBytes is { } limit ? new CheckpointWriter { MaxShardSizeInBytes = limit } : new CheckpointWriter();
        writer.Write(folder, Tensors(model, quantized));
        TextFile.Write(Path.Combine(folder, T5GemmaConfig.FileName), config.ToJson());
    }

    /// <summary>The tensors of a model by their keys in a checkpoint.</summary>
    private static Dictionary<string, Tensor> Tensors(nn.Module model, QuantizedWeights? quantized)
    {
        var replaced = quantized?.ReplacedKeys.ToHashSet(StringComparer.Ordinal) ?? [];
        var tensors = model.named_parameters().Where(pair => !replaced.Contains(pair.name)).ToDictionary(pair => pair.name, Tensor (pair) => pair.parameter);
        foreach (var (key, tensor) in quantized?.Tensors() ?? [])
            tensors.Add(key, tensor);
        return tensors;
    }

    private static void LoadQuantized<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, CheckpointReader reader, WeightQuantization quantization, CheckpointLoadOptions options)
    {
        var generator = Generator(model);
        generator.Quantized = QuantizedWeights.Empty(generator, quantization);
        model.LoadReport = CheckpointLoader.Load(Tensors(model, model.Quantized), reader, options);
        if (model.LoadReport.InitializedKeys is [var first, ..])
            throw new NotSupportedException($"{reader.Path}: {first} is missing or has another shape, and a quantized model gets no fresh weights, whatever the strictness");
        foreach (var parameter in model.parameters())
            parameter.requires_grad = false;
    }

    private static T5GemmaForConditionalGeneration Generator<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model)
        => (T5GemmaForConditionalGeneration)(object)model; // other models were refused

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
