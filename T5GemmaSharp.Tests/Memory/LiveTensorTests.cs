using NUnit.Framework;
using T5GemmaSharp.Caching;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Memory;

/// <summary>No call leaves a tensor behind, whether it ends well or with an exception.</summary>
public sealed class LiveTensorTests
{
    private static IEnumerable<AttentionImplementation> Implementations => [AttentionImplementation.Eager, AttentionImplementation.Auto, AttentionImplementation.Sdpa];

    [Test]
    public void LeakingCall_IsSeen()
    {
        var leaked = new List<Tensor>();
        Assert.That(LiveTensors.Leaked(() => leaked.Add(ones(1))), Is.EqualTo(LiveTensors.Repetitions));
        leaked.ForEach(tensor => tensor.Dispose());
    }

    [Test]
    public void Forward_EveryClass_LeavesNothing([ValueSource(typeof(ModelClass), nameof(ModelClass.All))] object source, [ValueSource(nameof(Implementations))] AttentionImplementation attention, [Values] bool isRecording)
    {
        using var model = SampleModel.Random((ModelClass)source, options: new() { Attention = attention });
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            ModelClass.Call(model, SampleModel.Inputs(model) with { OutputHiddenStates = isRecording, OutputAttentions = isRecording && attention != AttentionImplementation.Sdpa });
        });
    }

    [Test]
    public void Forward_OutputWithoutScope_IsAllThatLives()
    {
        using var model = SampleModel.RandomLM();
        using var outer = NewDisposeScope();
        var inputs = SampleModel.Inputs(model) with { OutputHiddenStates = true, OutputAttentions = true, UseCache = false };
        var before = LiveTensors.Count;
        var output = ModelClass.Call(model, inputs).Distinct().ToArray();
        Assert.That(LiveTensors.Count - before, Is.EqualTo(output.Length));
        Assert.That(output, Has.Length.EqualTo(3 + 3 + 4 + 2 + 2 + 3 - 1), "loss, logits, states and attentions of 2 and 3 layers; the encoder's last state is in its list too");
    }

    [Test]
    public void Forward_Bf16WithReadyMasks_LeavesNothing()
    {
        using var model = SampleModel.RandomLM(options: new() { DType = ScalarType.BFloat16 });
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var mask = zeros([2, 1, 1, 7], dtype: ScalarType.BFloat16);
            model.call(new() { InputIds = SampleModel.SourceIds(), AttentionMask = mask, Labels = SampleModel.Labels() });
            model.call(new() { InputIds = SampleModel.SourceIds(), AttentionMask = new AttentionMask(mask, mask.ge(0)), Labels = SampleModel.Labels() });
            Assert.That(mask.IsInvalid, Is.False, "a caller's mask stays alive");
        });
    }

    [Test]
    public void Forward_CallersInputs_StayAlive()
    {
        using var model = SampleModel.RandomLM();
        using var embeddings = randn(2, 7, 24);
        using var decoderEmbeddings = randn(2, 6, 20);
        using var mask = SampleModel.SourceMask();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var encoded = model.Model.Encoder.call(new() { InputsEmbeds = embeddings, AttentionMask = mask });
            model.call(new() { EncoderOutputs = encoded, DecoderInputsEmbeds = decoderEmbeddings, AttentionMask = mask, OutputHiddenStates = true });
            Assert.That(encoded.LastHiddenState.IsInvalid, Is.False);
        });
        Assert.That(new[] { embeddings, decoderEmbeddings, mask }.Select(tensor => tensor.IsInvalid), Is.All.False);
    }

    [Test]
    public void Backward_Training_LeavesNothing()
    {
        using var model = SampleModel.RandomLM(SampleModel.Config with { DropoutRate = 0.1, AttentionDropout = 0.1 });
        model.train();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            model.zero_grad();
            model.call(SampleModel.Inputs(model)).Loss!.backward(); // there are labels
        });
    }

    [Test]
    public void Backward_Classification_LeavesNothing()
    {
        using var model = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[3]);
        model.train();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            model.zero_grad();
            model.call(new() { InputIds = SampleModel.SourceIds(), AttentionMask = SampleModel.SourceMask(), Labels = tensor(new long[] { 0, 1 }) }).Loss!.backward(); // there are labels
        });
    }

    [Test]
    public void Forward_CallersCache_IsFreedWithIt()
    {
        using var model = SampleModel.RandomLM();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var noGrad = no_grad();
            using var cache = new EncoderDecoderCache(model.Config.Decoder);
            for (var step = 0; step < 6; step++)
            {
                using var scope = NewDisposeScope();
                model.call(new() { InputIds = SampleModel.SourceIds(), DecoderInputIds = ones(2, 1, dtype: ScalarType.Int64), PastKeyValues = cache });
            }
        });
    }

    [Test]
    public void FromConfig_Disposed_LeavesNothing([ValueSource(typeof(ModelClass), nameof(ModelClass.All))] object source) =>
        LiveTensors.AssertNothingLeft(() => ((ModelClass)source).Build(SampleModel.Config, null).Dispose());

    [Test]
    public void FromConfig_InsideAScope_OutlivesIt()
    {
        T5GemmaForConditionalGeneration model;
        using (NewDisposeScope())
            model = SampleModel.RandomLM();
        Assert.That(model.parameters().Select(parameter => parameter.IsInvalid), Is.All.False);
        model.Dispose();
    }

    [Test]
    public void FromPretrained_Disposed_LeavesNothing([ValueSource(typeof(ModelClass), nameof(ModelClass.All))] object source, [Values(null, ScalarType.BFloat16)] ScalarType? dtype)
    {
        var modelClass = (ModelClass)source;
        using var folder = new ScratchFolder();
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(folder.Path);
        LiveTensors.AssertNothingLeft(() => modelClass.Load(folder.Path, new() { IsEncoderDecoder = modelClass.IsEncoderDecoder, DType = dtype }).Dispose());
    }

    [Test]
    public void SavePretrained_LeavesNothing()
    {
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        LiveTensors.AssertNothingLeft(() => model.SavePretrained(folder.Path, maxShardSizeInBytes: 20_000));
    }

    [Test]
    public void FromPretrained_MismatchingFolder_LeavesNothing()
    {
        using var folder = new ScratchFolder();
        using (var saved = SampleModel.Random(ModelClass.All[2]))
            ModelClass.Save(saved, folder.Path);
        LiveTensors.AssertNothingLeft(() => Assert.Throws<CheckpointMismatchException>(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path)));
        LiveTensors.AssertNothingLeft(() => Assert.Throws<ArgumentException>(() => T5GemmaModel.FromPretrained(folder.Path)));
    }

    [Test]
    public void FromPretrained_BrokenGenerationConfig_LeavesNothing()
    {
        using var folder = new ScratchFolder();
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(folder.Path);
        File.WriteAllText(folder["generation_config.json"], "{ \"max_new_tokens\": \"many\" }");
        LiveTensors.AssertNothingLeft(() => Assert.That(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path),
            Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains(folder["generation_config.json"]).And.Message.Contains("max_new_tokens")));
    }

    [Test]
    public void FromPretrained_TruncatedFile_LeavesNothing()
    {
        using var folder = new ScratchFolder();
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(folder.Path);
        var path = folder["model.safetensors"];
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^100]);
        LiveTensors.AssertNothingLeft(() => Assert.Throws<SafetensorsFormatException>(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path)));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Forward_ExceptionInADecoderLayer_LeavesNothing(bool isTraining)
    {
        using var model = SampleModel.RandomLM();
        model.train(isTraining);
        var hook = model.Model.Decoder.Layers[1].Mlp.register_forward_hook((_, _, _) => throw new InvalidOperationException("midway"));
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            Assert.That(() => model.call(SampleModel.Inputs(model) with { OutputHiddenStates = true, OutputAttentions = true }), Throws.InvalidOperationException.With.Message.EqualTo("midway"));
        });
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            Assert.That(() => model.Generate(new() { InputIds = SampleModel.SourceIds() }), Throws.InvalidOperationException);
        });
        hook.remove();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            Assert.That(model.call(SampleModel.Inputs(model)).Loss!.isfinite().item<bool>(), Is.True, "the model still works"); // there are labels
        });
    }

    [Test]
    public void Forward_ExceptionWithoutACallersScope_LeavesNothing()
    {
        using var model = SampleModel.RandomLM();
        using var ids = SampleModel.SourceIds();
        using var labels = SampleModel.Labels();
        model.Model.Encoder.Layers[2].SelfAttn.register_forward_hook((_, _, _) => throw new InvalidOperationException("midway"));
        LiveTensors.AssertNothingLeft(() => Assert.That(() => model.call(new() { InputIds = ids, Labels = labels, OutputHiddenStates = true }), Throws.InvalidOperationException));
    }
}
