using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation;

public sealed class GenerationErrorsTests
{
    private static readonly GenerationConfig Short = new() { MaxNewTokens = 3 };

    [Test]
    public void Generate_ImpossibleSettings_SayWhatIsWrong()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var inputs = new GenerationInputs { InputIds = TinyModels.Ids(2, 5) };
        var prompted = inputs with { DecoderInputIds = TinyModels.Ids(2, 6) };
        using (Assert.EnterMultipleScope())
        {
            Refuses(new() { MaxNewTokens = 0 }, "maxNewTokens: expected at least 1, got 0");
            Refuses(new() { MinNewTokens = -1 }, "minNewTokens: expected at least 0, got -1");
            Refuses(Short with { PadTokenId = 47 }, "padTokenId: expected an id from 0 to 46, got 47");
            Refuses(new() { MaxLength = 1 }, "maxLength: expected more than the 1 tokens of the decoder's prompt, got 1");
            Assert.That(() => model.Generate(prompted, new() { MaxLength = 7 }), Throws.ArgumentException.With.Message.Contains("more than the 7 tokens"));
            Assert.That(() => model.Generate(inputs, Short with { DecoderStartTokenId = 47 }),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("decoderStartTokenId: expected ids from 0 to 46, got 47"));
            model.GenerationConfig = new();
            Refuses(Short, "decoderStartTokenId: neither it nor bosTokenId is given");
        }

        void Refuses(GenerationConfig config, string message) => Assert.That(() => model.Generate(inputs, config), Throws.ArgumentException.With.Message.Contains(message));
    }

    [Test]
    public void Generate_WrongInputs_SayWhatIsWrong()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var ids = TinyModels.Ids(2, 5);
        var encoded = model.Model.Encoder.call(new() { InputIds = ids });
        using (Assert.EnterMultipleScope())
        {
            Refuses(new(), "exactly one of inputIds and encoderOutputs, got neither");
            Refuses(new() { InputIds = ids, EncoderOutputs = encoded }, "got both");
            Refuses(new() { InputIds = ids.narrow(0, 0, 0) }, "[0, 5]");
            Refuses(new() { InputIds = ids.narrow(1, 0, 0) }, "inputIds: expected int64 [batch, length of at least 1], got Int64 [2, 0]");
            Refuses(new() { InputIds = ids.to(ScalarType.Int32) }, "inputIds: expected int64");
            Refuses(new() { InputIds = ids, AttentionMask = torch.ones(2, 1, 5, 5) }, "attentionMask: expected [batch, source length], got [2, 1, 5, 5]");
            Refuses(new() { InputIds = ids, AttentionMask = torch.ones(2, 6) }, "expected [2, 5], got [2, 6]");
            Refuses(new() { InputIds = ids, DecoderInputIds = TinyModels.Ids(3, 5) }, "decoderInputIds: expected [2, at least 1], got [3, 5]");
            Refuses(new() { InputIds = ids, DecoderInputIds = ids.narrow(1, 0, 0) }, "decoderInputIds: expected int64 [batch, length of at least 1], got Int64 [2, 0]");
            Assert.That(() => model.Generate(new() { InputIds = ids + 40 }, Short), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("inputIds"));
            Assert.That(() => model.Generate(new() { InputIds = ids, DecoderInputIds = ids - 40 }, Short), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("decoderInputIds"));
        }

        void Refuses(GenerationInputs inputs, string message) => Assert.That(() => model.Generate(inputs, Short), Throws.ArgumentException.With.Message.Contains(message));
    }

    [TestCase("num_beams", "4")]
    [TestCase("do_sample", "true")]
    [TestCase("num_return_sequences", "3")]
    [TestCase("repetition_penalty", "1.3")]
    [TestCase("no_repeat_ngram_size", "2")]
    [TestCase("suppress_tokens", "[5,6]")]
    [TestCase("stop_strings", "[\"x\"]")]
    [TestCase("forced_bos_token_id", "7")]
    public void Generate_UnsupportedSettingInTheFile_IsRefusedByName(string key, string value)
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        using (var fresh = TinyModels.LanguageModel())
            fresh.SavePretrained(folder.Path);
        File.WriteAllText(folder[GenerationConfig.FileName], $$"""{ "bos_token_id": 2, "eos_token_id": 1, "{{key}}": {{value}} }""");
        using var model = T5GemmaForConditionalGeneration.FromPretrained(folder.Path);
        var inputs = new GenerationInputs { InputIds = TinyModels.Ids(2, 5) };
        var call = JsonSerializer.Deserialize("""{ "max_new_tokens": 3, "some_future_key": 1 }""", T5GemmaJsonContext.Default.GenerationConfig);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => model.Generate(inputs, Short), Throws.TypeOf<NotSupportedException>().With.Message.StartsWith($"{key}: ").And.Message.Contains(value));
            Assert.That(() => model.Generate(inputs, call), Throws.TypeOf<NotSupportedException>().With.Message.StartsWith(key), "a call's unknown keys do not hide the file's");
        }
    }

    [Test]
    public void Generate_NeutralSettingsInTheFile_AreAccepted()
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        using (var fresh = TinyModels.LanguageModel())
            fresh.SavePretrained(folder.Path);
        File.WriteAllText(folder[GenerationConfig.FileName],
            """{ "_from_model_config": true, "bos_token_id": 2, "eos_token_id": [1, 5], "num_beams": 1, "do_sample": false, "repetition_penalty": 1.0, "stop_strings": null, "transformers_version": "5.0" }""");
        using var model = T5GemmaForConditionalGeneration.FromPretrained(folder.Path);
        Assert.That(model.Generate(new() { InputIds = TinyModels.Ids(2, 5) }, Short).Sequences.size(1), Is.InRange(2, 4));
    }
}
