using T5GemmaSharp.Generation;
using T5GemmaSharp.Tokenization.Formats;

namespace T5GemmaSharp.Training.Merging;

/// <summary>The files of a model beside its weights.</summary>
internal static class ModelFiles
{
    /// <summary>Copies what a folder has of configuration, generation settings and tokenizer.</summary>
    /// <param name="source">The folder.</param>
    /// <param name="target">A folder that is not visible yet.</param>
    public static void Copy(string source, string target)
    {
        File.Copy(Path.Combine(source, T5GemmaConfig.FileName), Path.Combine(target, T5GemmaConfig.FileName));
        CopyCompanions(source, target);
    }

    /// <summary>Copies generation settings and tokenizer, where there are any.</summary>
    /// <inheritdoc cref="Copy" path="/param"/>
    public static void CopyCompanions(string source, string target)
    {
        var settings = Path.Combine(source, GenerationConfig.FileName);
        if (File.Exists(settings))
            File.Copy(settings, Path.Combine(target, GenerationConfig.FileName));
        if (TokenizerFiles.AreIn(source))
            TokenizerFiles.Of(source).SaveTo(target);
    }
}
