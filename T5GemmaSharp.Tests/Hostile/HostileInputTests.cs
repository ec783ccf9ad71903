using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hostile;

/// <summary>Arguments that no forward pass can take: a named exception each, and the model works afterwards.</summary>
public sealed class HostileInputTests
{
    private DisposeScope _scope = null!;
    private T5GemmaForConditionalGeneration _model = null!;
    private byte[] _expected = null!;

    private static T5GemmaInputs Good => new() { InputIds = SampleModel.SourceIds(), AttentionMask = SampleModel.SourceMask(), Labels = SampleModel.Labels() };

    private static T5GemmaInputs Decoding => new() { InputIds = SampleModel.SourceIds(), AttentionMask = SampleModel.SourceMask(), DecoderInputIds = SampleModel.Labels().clamp_min(0) };

    [OneTimeSetUp]
    public void BuildModel()
    {
        _model = SampleModel.RandomLM();
        using var scope = NewDisposeScope();
        _expected = Logits(Good);
    }

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [SetUp]
    public void OpenScope() => _scope = NewDisposeScope();

    [TearDown]
    public void ModelStillWorks()
    {
        Assert.That(Logits(Good), Is.EqualTo(_expected));
        _scope.Dispose();
    }

    [TestCase(-1)]
    [TestCase(61)]
    [TestCase(long.MaxValue)]
    [TestCase(long.MinValue)]
    public void Forward_SourceIdOutOfRange_NamesIdAndPlace(long id)
    {
        var ids = SampleModel.SourceIds();
        ids[1, 3] = id;
        Assert.That(() => _model.call(Good with { InputIds = ids }),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("inputIds: expected ids from 0 to 60").And.Message.Contains($"{id} at [1, 3]"));
        Assert.That(() => _model.Generate(new() { InputIds = ids }), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [TestCase(-1)]
    [TestCase(67)]
    [TestCase(-100)]
    public void Forward_DecoderIdOutOfRange_NamesIdAndPlace(long id)
    {
        var ids = Decoding.DecoderInputIds!; // given
        ids[0, 5] = id;
        Assert.That(() => _model.call(Decoding with { DecoderInputIds = ids }),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("decoderInputIds: expected ids from 0 to 66").And.Message.Contains($"{id} at [0, 5]"));
        Assert.That(() => _model.Generate(new() { InputIds = SampleModel.SourceIds(), DecoderInputIds = ids }), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [TestCase(67, 0)]
    [TestCase(67, 5)]
    [TestCase(-1, 0)]
    [TestCase(-99, 5)]
    public void Forward_LabelOutOfRange_NamesTheLabel(long label, int position)
    {
        var labels = SampleModel.Labels();
        labels[1, position] = label;
        Assert.That(() => _model.call(Good with { Labels = labels }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("labels: expected 0 to 66").And.Message.Contains($"got {label}"));
    }

    [Test]
    public void Forward_BothOrNeitherOfIdsAndEmbeddings_NamesBoth()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Good with { InputsEmbeds = randn(2, 7, 24) }), Throws.ArgumentException.With.Message.Contains("inputIds and inputsEmbeds, got both"));
            Assert.That(() => _model.call(Good with { InputIds = null }), Throws.ArgumentException.With.Message.Contains("inputIds and inputsEmbeds, got neither"));
            Assert.That(() => _model.call(Decoding with { DecoderInputsEmbeds = randn(2, 6, 20) }), Throws.ArgumentException.With.Message.Contains("decoderInputIds and decoderInputsEmbeds, got both"));
            Assert.That(() => _model.call(Decoding with { DecoderInputIds = null }), Throws.ArgumentException.With.Message.Contains("decoderInputIds and decoderInputsEmbeds, got neither"));
            Assert.That(() => _model.Generate(new GenerationInputs()), Throws.ArgumentException.With.Message.Contains("exactly one of inputIds, inputsEmbeds, encoderOutputs and source, got none"));
            Assert.That(() => _model.call((T5GemmaInputs)null!), Throws.ArgumentNullException); // on purpose
            Assert.That(() => _model.Generate(null!), Throws.ArgumentNullException); // on purpose
        }
    }

    [TestCase(new long[] { 7 })]
    [TestCase(new long[] { 2, 7, 1 })]
    public void Forward_IdsOfWrongShape_NamesIt(long[] shape)
    {
        var ids = ones(shape, dtype: ScalarType.Int64);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Good with { InputIds = ids }), Throws.ArgumentException.With.Message.Contains("inputIds: expected int64 [batch, length of at least 1]"));
            Assert.That(() => _model.call(Decoding with { DecoderInputIds = ids }), Throws.ArgumentException.With.Message.Contains("decoderInputIds: expected int64 [batch, length of at least 1]"));
            Assert.That(() => _model.call(Good with { Labels = ids }), Throws.ArgumentException.With.Message.Contains("labels: expected int64"));
            Assert.That(() => _model.Generate(new() { InputIds = ids }), Throws.ArgumentException.With.Message.Contains("inputIds"));
        }
    }

    [Test]
    public void Forward_EmptySequence_IsNamed()
    {
        var none = ones(2, 0, dtype: ScalarType.Int64);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Good with { InputIds = none, AttentionMask = null }), Throws.ArgumentException.With.Message.Contains("inputIds"));
            Assert.That(() => _model.call(Decoding with { DecoderInputIds = none }), Throws.ArgumentException.With.Message.Contains("decoderInputIds"));
            Assert.That(() => _model.call(Good with { Labels = none }), Throws.ArgumentException.With.Message.Contains("labels"));
            Assert.That(() => _model.Generate(new() { InputIds = none }), Throws.ArgumentException.With.Message.Contains("inputIds"));
            Assert.That(() => _model.call(Decoding with { DecoderInputIds = null, DecoderInputsEmbeds = zeros(2, 0, 20) }), Throws.ArgumentException.With.Message.Contains("decoderInputsEmbeds"));
            Assert.That(() => _model.call(Good with { InputIds = null, InputsEmbeds = zeros(2, 0, 24), AttentionMask = null }), Throws.ArgumentException.With.Message.Contains("inputsEmbeds"));
        }
    }

    [TestCase(ScalarType.Int32)]
    [TestCase(ScalarType.Float32)]
    [TestCase(ScalarType.Bool)]
    public void Forward_IdsOfWrongDType_NamesIt(ScalarType dtype)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Good with { InputIds = SampleModel.SourceIds().to(dtype) }), Throws.ArgumentException.With.Message.Contains($"inputIds: expected int64").And.Message.Contains($"{dtype}"));
            Assert.That(() => _model.call(Decoding with { DecoderInputIds = SampleModel.Labels().to(dtype) }), Throws.ArgumentException.With.Message.Contains("decoderInputIds: expected int64"));
            Assert.That(() => _model.call(Good with { Labels = SampleModel.Labels().to(dtype) }), Throws.ArgumentException.With.Message.Contains("labels: expected int64"));
            Assert.That(() => _model.call(Good with { PositionIds = arange(7).unsqueeze(0).to(dtype) }), Throws.ArgumentException.With.Message.Contains("positionIds: expected int64"));
            Assert.That(() => _model.Generate(new() { InputIds = SampleModel.SourceIds().to(dtype) }), Throws.ArgumentException.With.Message.Contains("inputIds: expected int64"));
        }
    }

    [TestCase(ScalarType.Int64)]
    [TestCase(ScalarType.Float64)]
    [TestCase(ScalarType.BFloat16)]
    public void Forward_EmbeddingsOfWrongDType_NamesIt(ScalarType dtype)
    {
        var states = new T5GemmaSharp.Modeling.Outputs.BaseModelOutput { LastHiddenState = ones([2, 7, 24], dtype: dtype) };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Good with { InputIds = null, InputsEmbeds = ones([2, 7, 24], dtype: dtype) }), Throws.ArgumentException.With.Message.Contains("inputsEmbeds: expected Float32 [batch, length of at least 1, 24]").And.Message.Contains($"{dtype}"));
            Assert.That(() => _model.call(Decoding with { DecoderInputIds = null, DecoderInputsEmbeds = ones([2, 6, 20], dtype: dtype) }), Throws.ArgumentException.With.Message.Contains("decoderInputsEmbeds: expected Float32"));
            Assert.That(() => _model.call(Decoding with { EncoderOutputs = states }), Throws.ArgumentException.With.Message.Contains("encoderHiddenStates: expected Float32"));
        }
    }

    [Test]
    public void Forward_EmbeddingsOfWrongWidth_NamesIt()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Good with { InputIds = null, InputsEmbeds = randn(2, 7, 20) }), Throws.ArgumentException.With.Message.Contains("inputsEmbeds").And.Message.Contains("24]").And.Message.Contains("[2, 7, 20]"));
            Assert.That(() => _model.call(Decoding with { DecoderInputIds = null, DecoderInputsEmbeds = randn(2, 6, 24) }), Throws.ArgumentException.With.Message.Contains("decoderInputsEmbeds"));
            Assert.That(() => _model.call(Decoding with { EncoderOutputs = new() { LastHiddenState = randn(2, 7, 20) } }), Throws.ArgumentException.With.Message.Contains("encoderHiddenStates"));
            Assert.That(() => _model.call(Decoding with { EncoderOutputs = new() { LastHiddenState = randn(3, 7, 24) }, AttentionMask = null }), Throws.ArgumentException.With.Message.Contains("[2, length, 24]"));
        }
    }

    [TestCase(new long[] { 2, 6 })]
    [TestCase(new long[] { 2, 8 })]
    [TestCase(new long[] { 1, 7 })]
    [TestCase(new long[] { 3, 7 })]
    [TestCase(new long[] { 2, 1, 1, 6 })]
    [TestCase(new long[] { 2, 1, 6, 7 })]
    [TestCase(new long[] { 2, 3, 7, 7 })]
    [TestCase(new long[] { 3, 1, 7, 7 })]
    public void Forward_SourceMaskOfWrongShape_NamesIt(long[] shape)
    {
        var mask = ones(shape, dtype: ScalarType.Bool);
        Assert.That(() => _model.call(Good with { AttentionMask = mask }), Throws.ArgumentException.With.Message.Contains("attentionMask").And.Message.Contains($"got [{string.Join(", ", shape)}]"));
    }

    [TestCase(new long[] { 2, 5 })]
    [TestCase(new long[] { 1, 6 })]
    [TestCase(new long[] { 2, 1, 7, 6 })]
    [TestCase(new long[] { 2, 2, 6, 6 })]
    [TestCase(new long[] { 2, 1, 6, 5 })]
    [TestCase(new long[] { 2, 1, 6, 9 })]
    public void Forward_DecoderMaskOfWrongShape_NamesIt(long[] shape)
    {
        var mask = ones(shape, dtype: ScalarType.Bool);
        Assert.That(() => _model.call(Decoding with { DecoderAttentionMask = mask }), Throws.ArgumentException.With.Message.Contains("decoderAttentionMask").And.Message.Contains($"got [{string.Join(", ", shape)}]"));
    }

    [TestCase(new long[] { 7 })]
    [TestCase(new long[] { 2, 7, 7 })]
    [TestCase(new long[] { 2, 1, 1, 7, 7 })]
    public void AttentionMask_OfNoKnownForm_NamesTheForms(long[] shape)
    {
        var mask = ones(shape);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new AttentionMask(mask), Throws.ArgumentException.With.Message.Contains("[B, S]"));
            Assert.That(() => _model.call(Good with { AttentionMask = mask }), Throws.ArgumentException);
            Assert.That(() => new AttentionMask(mask, null), Throws.ArgumentException.With.Message.Contains("fullAttention"));
        }
    }

    [Test]
    public void Forward_EncoderStyleMaskThatCrossAttentionCannotTake_NamesIt() =>
        Assert.That(() => _model.call(Good with { AttentionMask = ones(2, 1, 7, 7) }), Throws.ArgumentException.With.Message.Contains("cross-attention").And.Message.Contains("[2, 1 or 5, 6, 7]"));

    [Test]
    public void Forward_LabelsOfWrongShape_NamesIt()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Decoding with { Labels = SampleModel.Labels().narrow(1, 0, 5) }), Throws.ArgumentException.With.Message.Contains("labels: expected int64 [2, 6]"));
            Assert.That(() => _model.call(Good with { LogitsToKeep = 2 }), Throws.ArgumentException.With.Message.Contains("labels: expected int64 [2, 2]"));
            Assert.That(() => _model.call(Good with { Labels = SampleModel.Labels().narrow(0, 0, 1) }), Throws.ArgumentException);
        }
    }

    [Test]
    public void Forward_LogitsToKeepOutOfRange_NamesIt()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.call(Decoding with { LogitsToKeep = -1 }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("logitsToKeep"));
            Assert.That(() => _model.call(Decoding with { LogitsToKeepIndices = tensor(new long[] { 6 }) }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("logitsToKeepIndices"));
            Assert.That(() => _model.call(Decoding with { LogitsToKeepIndices = tensor(new long[] { -7 }) }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("logitsToKeepIndices"));
            Assert.That(() => _model.call(Decoding with { LogitsToKeepIndices = tensor(new float[] { 0 }) }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("logitsToKeepIndices"));
            Assert.That(() => _model.call(Decoding with { LogitsToKeepIndices = zeros(1, 1, dtype: ScalarType.Int64) }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("logitsToKeepIndices"));
        }
    }

    [TestCase(new long[] { 2, 6 })]
    [TestCase(new long[] { 3, 7 })]
    [TestCase(new long[] { 7 })]
    public void Forward_PositionsOfWrongShape_NamesThem(long[] shape) =>
        Assert.That(() => _model.call(Good with { PositionIds = zeros(shape, dtype: ScalarType.Int64) }), Throws.ArgumentException.With.Message.Contains("positionIds: expected int64 [2 or 1, 7]"));

    [Test]
    public void Forward_AttentionsOfSdpa_AreRefusedByName()
    {
        using var model = SampleModel.RandomLM(options: new() { Attention = T5GemmaSharp.Configuration.AttentionImplementation.Sdpa });
        Assert.That(() => model.call(Good with { OutputAttentions = true }), Throws.InvalidOperationException.With.Message.Contains("Eager"));
    }

    [Test]
    public void Generate_ImpossibleSettings_AreNamed()
    {
        var inputs = new GenerationInputs { InputIds = SampleModel.SourceIds() };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _model.Generate(inputs, new() { MaxNewTokens = 0 }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("maxNewTokens"));
            Assert.That(() => _model.Generate(inputs, new() { MaxLength = 1 }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("maxLength"));
            Assert.That(() => _model.Generate(inputs, new() { MinNewTokens = -1 }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("minNewTokens"));
            Assert.That(() => _model.Generate(inputs, new() { DecoderStartTokenId = 67 }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("decoderStartTokenId"));
            Assert.That(() => _model.Generate(inputs with { AttentionMask = ones(2, 6) }, new() { MaxNewTokens = 2 }), Throws.ArgumentException.With.Message.Contains("attentionMask"));
            Assert.That(() => _model.Generate(inputs, new() { MaxNewTokens = 3, PadTokenId = -1 }), Throws.InstanceOf<ArgumentException>().With.Message.Contains("padTokenId"));
        }
    }

    private byte[] Logits(T5GemmaInputs inputs)
    {
        using var noGrad = no_grad();
        return _model.call(inputs).Logits.bytes.ToArray();
    }
}
