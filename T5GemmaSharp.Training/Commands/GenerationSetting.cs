using System.CommandLine;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Commands;

/// <summary>An option and the setting that it is.</summary>
/// <param name="option">The option.</param>
/// <param name="set">A copy of a configuration with the option's value.</param>
internal sealed class GenerationSetting<T>(Option<T> option, Func<GenerationConfig, T, GenerationConfig> set) : IGenerationSetting
{
    public Option Option => option;

    public GenerationConfig Apply(GenerationConfig config, ParseResult result)
        => result.GetResult(option) is { Implicit: false } ? set(config, result.GetRequiredValue(option)) : config; // a flag that is not given has a result too
}
