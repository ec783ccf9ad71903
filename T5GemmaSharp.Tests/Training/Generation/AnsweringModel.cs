using System.Text.Json;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Generation;

/// <summary>A folder with the tiny tokenizer and a random model of its vocabulary, and what the library itself answers.</summary>
internal sealed class AnsweringModel : IDisposable
{
    public const int NewTokens = 6;

    private readonly ScratchFolder _folder = new();

    public AnsweringModel()
    {
        var vocabSize = TinyTokenizer.Pieces.Count;
        var config = SampleModel.Config with
        {
            VocabSize = vocabSize,
            TieWordEmbeddings = false, // a tied random model repeats its last token
            Encoder = SampleModel.Config.Encoder with { VocabSize = vocabSize },
            Decoder = SampleModel.Config.Decoder with { VocabSize = vocabSize },
        };
        Model = SampleModel.RandomLM(config);
        Model.GenerationConfig = Model.GenerationConfig with { SuppressTokens = [.. TinyTokenizer.Pieces.Index().Where(piece => piece.Item.StartsWith("<0x", StringComparison.Ordinal)).Select(piece => (long)piece.Index)] }; // readable answers
        Model.SavePretrained(_folder.Path);
        File.WriteAllText(_folder["tokenizer.json"], TinyTokenizer.Json().ToJsonString());
        Tokenizer = T5GemmaTokenizer.FromPretrained(_folder.Path);
    }

    public string Folder => _folder.Path;

    public T5GemmaForConditionalGeneration Model { get; }

    public T5GemmaTokenizer Tokenizer { get; }

    /// <summary>A file of the folder.</summary>
    public string this[string name] => _folder[name];

    /// <summary>New ids of one source alone, without padding, and with no end token to shorten them.</summary>
    public int[] Greedy(int[] sourceIds, params int[] decoderIds) => Greedy(sourceIds, new GenerationConfig(), decoderIds);

    public int[] Greedy(int[] sourceIds, GenerationConfig config, params int[] decoderIds)
    {
        using var scope = NewDisposeScope();
        var output = Model.Generate(
            new GenerationInputs
            {
                InputIds = tensor(sourceIds.Select(id => (long)id).ToArray()).unsqueeze(0),
                DecoderInputIds = decoderIds.Length == 0 ? null : tensor(decoderIds.Select(id => (long)id).Prepend(TinyTokenizer.Id("<bos>")).ToArray()).unsqueeze(0),
            },
            config with { MaxNewTokens = NewTokens, EosTokenId = [] });
        return [.. output.Sequences.data<long>().ToArray().Skip(1 + decoderIds.Length).Select(id => (int)id)];
    }

    public static int[] Ids(JsonElement answer) => [.. answer.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }
}
