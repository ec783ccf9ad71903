using System.CommandLine;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Commands;

/// <summary>An option that is a setting of a generation.</summary>
internal interface IGenerationSetting
{
    Option Option { get; }

    /// <summary>A copy with the setting of the command line; the same where it is not given.</summary>
    GenerationConfig Apply(GenerationConfig config, ParseResult result);
}
