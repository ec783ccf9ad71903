using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Objectives;

namespace T5GemmaSharp.Tests.Training.Finetuning;

/// <summary>A folder with a small random model and a tokenizer that has Gemma's unused tokens, and room for data.</summary>
internal sealed class FinetuningModel : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public FinetuningModel()
    {
        var tokenizer = UnusedTokenTokenizer.Instance;
        var config = SampleModel.Config with
        {
            VocabSize = tokenizer.VocabularySize,
            Encoder = SampleModel.Config.Encoder with { VocabSize = tokenizer.VocabularySize },
            Decoder = SampleModel.Config.Decoder with { VocabSize = tokenizer.VocabularySize },
        };
        Directory.CreateDirectory(Folder);
        using var model = SampleModel.RandomLM(config);
        model.SavePretrained(Folder);
        tokenizer.SavePretrained(Folder);
    }

    /// <summary>Folder of the model.</summary>
    public string Folder => _folder["model"];

    /// <summary>Folder of a run, not there yet.</summary>
    public string Run => _folder["run"];

    /// <summary>Writes a file of data.</summary>
    public string Write(string name, IEnumerable<string> lines)
    {
        File.WriteAllLines(_folder[name], lines);
        return _folder[name];
    }

    public void Dispose() => _folder.Dispose();
}
