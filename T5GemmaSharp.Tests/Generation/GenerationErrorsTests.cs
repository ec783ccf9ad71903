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
            Assert.That(() => model.Generate(prompted, new() { MaxLength = 7 }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("more than the 7 tokens"));
            Assert.That(() => model.Generate(inputs, Short with { DecoderStartTokenId = 47 }),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("decoderStartTokenId: expected ids from 0 to 46, got 47"));
            model.GenerationConfig = new();
            Refuses(Short, "decoderStartTokenId: neither it nor bosTokenId is given");
        }

        void Refuses(GenerationConfig config, string message) => Assert.That(() => model.Generate(inputs, config), Throws.InstanceOf<ArgumentException>().With.Message.Contains(message));
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
            Refuses(new(), "exactly one of inputIds, inputsEmbeds, encoderOutputs and source, got none");
            Refuses(new() { InputIds = ids, InputsEmbeds = torch.zeros(2, 5, 20) }, "got several");
            Refuses(new() { InputIds = TinyModels.Ids(2, 4), EncoderOutputs = encoded }, "encoderOutputs: expected the shape of inputIds, [2, 4, D], got [2, 5, 20]");
            Refuses(new() { InputIds = ids, DecoderAttentionMask = torch.ones(2, 1) }, "decoderAttentionMask: expected the shape of decoderInputIds, got [2, 1]");
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

    private static IEnumerable<TestCaseData> Contradictions()
    {
        yield return Fault(new() { NumBeams = 0 }, "numBeams: expected at least 1, got 0");
        yield return Fault(new() { NumReturnSequences = 0 }, "numReturnSequences: expected at least 1, got 0");
        yield return Fault(new() { NumReturnSequences = 2 }, "numReturnSequences: expected 1 without beams and without sampling");
        yield return Fault(new() { NumBeams = 2, NumReturnSequences = 3 }, "numReturnSequences: expected at most the 2 beams, got 3");
        yield return Fault(new() { EosTokenId = [1, 47] }, "eosTokenId: expected an id from 0 to 46, got 47");
        yield return Fault(new() { SuppressTokens = [-1] }, "suppressTokens: expected an id from 0 to 46, got -1");
        yield return Fault(new() { BadWordsIds = [[]] }, "badWordsIds: expected sequences of at least one id");
        yield return Fault(new() { ForcedBosTokenId = 7, SuppressTokens = [7] }, "forcedBosTokenId: expected an id that suppressTokens allows, got 7");
        yield return Fault(new() { StopStrings = ["x"] }, "stopStrings: expected a tokenizer in the controls");
        yield return Fault(new() { Temperature = 0 }, "temperature: expected a number above 0");
        yield return Fault(new() { Temperature = double.NaN }, "temperature: expected a number above 0");
        yield return Fault(new() { TopP = 1.5 }, "topP: expected 0 to 1, got 1.5");
        yield return Fault(new() { TopK = -1 }, "topK: expected at least 0, got -1");
        yield return Fault(new() { RepetitionPenalty = 0 }, "repetitionPenalty: expected a number above 0");
        yield return Fault(new() { CacheImplementation = "quantized" }, "cacheImplementation: expected \"dynamic\" or \"static\", got quantized");
        yield return Fault(new() { MaxTime = 0 }, "maxTime: expected seconds above 0, got 0");
        yield return Fault(new() { PromptLookupNumTokens = 3, NumBeams = 2 }, "promptLookupNumTokens: expected one beam and one result");
        yield return Fault(new() { PromptLookupNumTokens = 3, UseCache = false }, "promptLookupNumTokens: expected useCache, got false");

        static TestCaseData Fault(GenerationConfig config, string message) => new TestCaseData(config, message).SetArgDisplayNames(message);
    }

    [TestCaseSource(nameof(Contradictions))]
    public void Generate_ContradictorySettings_NamesThem(object config, string message)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        Assert.That(() => model.Generate(new() { InputIds = TinyModels.Ids(2, 5) }, (GenerationConfig)config), Throws.TypeOf<GenerationConfigException>().With.Message.Contains(message));
    }

    [Test]
    public void Generate_SeveralFaults_ListsAll()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var exception = Assert.Throws<GenerationConfigException>(() => model.Generate(new() { InputIds = TinyModels.Ids(2, 5) }, new() { NumBeams = 0, TopK = -1, MinLength = -2, EosTokenId = [50], PadTokenId = 0 }));
        Assert.That(exception!.Faults, Has.Count.EqualTo(4));
    }

    [Test]
    public void Generate_CancelledBefore_DoesNotStart()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        model.Model.Encoder.register_forward_hook((_, _, output) =>
        {
            Assert.Fail("the encoder ran");
            return output;
        });
        Assert.That(() => model.Generate(new() { InputIds = TinyModels.Ids(2, 5) }, Short, cancellationToken: new CancellationToken(canceled: true)), Throws.TypeOf<OperationCanceledException>());
    }

    [Test]
    public void Generate_SourceOfAnotherModel_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        using var other = TinyModels.LanguageModel();
        using var source = other.Encode(new() { InputIds = TinyModels.Ids(2, 5) });
        Assert.That(() => model.Generate(new() { Source = source }, Short), Throws.ArgumentException.With.Message.Contains("got another model's"));
        source.Dispose();
        Assert.That(() => other.Generate(new() { Source = source }, Short), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Generate_PrefixFunctionWithoutIds_IsAnError()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var controls = new GenerationControls { PrefixAllowedTokens = (_, _) => [] };
        Assert.That(() => model.Generate(new() { InputIds = TinyModels.Ids(2, 5) }, Short, controls), Throws.InvalidOperationException.With.Message.Contains("prefixAllowedTokens: expected at least one id"));
    }

    [TestCase("guidance_scale", "2.5")]
    [TestCase("penalty_alpha", "0.6")]
    [TestCase("num_beam_groups", "2")]
    [TestCase("watermarking_config", "{}")]
    [TestCase("force_words_ids", "[[5]]")]
    [TestCase("dola_layers", "\"high\"")]
    [TestCase("token_healing", "true")]
    [TestCase("low_memory", "true")]
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
