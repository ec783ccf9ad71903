using System.Globalization;
using Microsoft.Extensions.Options;
using T5GemmaSharp.Generation;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting;

/// <summary>Finds all faults of options before anything is loaded.</summary>
internal sealed class T5GemmaOptionsValidator : IValidateOptions<T5GemmaOptions>
{
    private const string ConfigFile = "config.json";

    public ValidateOptionsResult Validate(string? name, T5GemmaOptions options)
    {
        var faults = new List<string>();
        CheckFolder(options.ModelPath, faults);
        Demand(DeviceName.IsKnown(options.Device), nameof(options.Device), "auto, cpu, cuda or cuda:N", options.Device);
        Demand(options.DType is null or ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float64, nameof(options.DType), "Float32, BFloat16, Float16 or Float64", options.DType);
        Demand(Enum.IsDefined(options.Attention), nameof(options.Attention), "a known kind", options.Attention);
        Demand(Enum.IsDefined(options.Pooling), nameof(options.Pooling), "a known kind", options.Pooling);
        AtLeastOne(options.MaxBatchSize, nameof(options.MaxBatchSize));
        AtLeastOne(options.MaxEncoderTokens, nameof(options.MaxEncoderTokens));
        AtLeastOne(options.QueueCapacity, nameof(options.QueueCapacity));
        AtLeastOne(options.MaxInputTokens, nameof(options.MaxInputTokens));
        AtLeastOne(options.MaxInputCharacters, nameof(options.MaxInputCharacters));
        AtLeastOne(options.MaxOutputTokens, nameof(options.MaxOutputTokens));
        AtLeastOne(options.DefaultOutputTokens, nameof(options.DefaultOutputTokens));
        Demand(options.RequestTimeout > TimeSpan.Zero || options.RequestTimeout == Timeout.InfiniteTimeSpan, nameof(options.RequestTimeout), "more than 0, or infinite", options.RequestTimeout);
        Demand(options.DrainTimeout >= TimeSpan.Zero || options.DrainTimeout == Timeout.InfiniteTimeSpan, nameof(options.DrainTimeout), "at least 0, or infinite", options.DrainTimeout);
        var model = name is { Length: > 0 } ? $"T5Gemma \"{name}\": " : "T5Gemma: ";
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults.Select(fault => model + fault));

        void AtLeastOne(int value, string property) => Demand(value >= 1, property, "at least 1", value);

        void Demand(bool holds, string property, string expected, object? actual)
        {
            if (!holds)
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{property}: expected {expected}, got {actual}"));
        }
    }

    private static void CheckFolder(string folder, List<string> faults)
    {
        if (string.IsNullOrWhiteSpace(folder))
        {
            faults.Add($"{nameof(T5GemmaOptions.ModelPath)}: expected the folder of a checkpoint, got none");
            return;
        }

        if (!File.Exists(Path.Combine(folder, ConfigFile)))
        {
            faults.Add($"{nameof(T5GemmaOptions.ModelPath)}: expected a folder with {ConfigFile}, got {folder}, which has none");
            return;
        }

        try
        {
            GenerationConfig.FromPretrained(folder, T5GemmaConfig.FromPretrained(folder));
        }
        catch (Exception error) when (error is FormatException or IOException or NotSupportedException or Configuration.T5GemmaConfigException)
        {
            faults.Add($"{nameof(T5GemmaOptions.ModelPath)}: {error.Message}");
        }
    }
}
