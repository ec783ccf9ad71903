using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>
/// Forward and backward pass of an encoder-decoder, layer by layer: the forward pass keeps the input of each layer only, the backward pass computes each layer again. It
/// costs about one more forward pass, and the memory of all activations shrinks to that of one layer.
/// </summary>
/// <remarks>HF: <c>gradient_checkpointing_enable</c>.</remarks>
internal sealed class SegmentedBackward
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly ChunkedHead _head;
    private readonly T5GemmaEncoderInputs _encoderInputs;
    private readonly T5GemmaDecoderInputs _decoderInputs; // without the encoder's states, which come later
    private readonly ulong _seed;

    private SegmentedBackward(T5GemmaForConditionalGeneration model, ChunkedHead head, Seq2SeqTensors tensors, ulong seed)
    {
        (_model, _head, _seed) = (model, head, seed);
        _encoderInputs = new T5GemmaEncoderInputs { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask };
        _decoderInputs = new T5GemmaDecoderInputs
        {
            InputIds = model.PrepareDecoderInputIdsFromLabels(tensors.Labels),
            EncoderHiddenStates = tensors.InputIds, // in place of states that do not exist yet
            EncoderAttentionMask = tensors.AttentionMask,
            UseCache = false,
        };
    }

    private T5GemmaEncoder Encoder => _model.Model.Encoder;

    private T5GemmaDecoder Decoder => _model.Model.Decoder;

    // Each part that drops elements has a number, the same in both passes.
    private int EncoderEnd => 1 + (int)Encoder.Layers.Count;

    private int DecoderStart => EncoderEnd + 1;

    private int DecoderEnd => DecoderStart + 1 + (int)Decoder.Layers.Count;

    /// <summary>Adds the gradients of the summed loss to the parameters.</summary>
    /// <param name="model">The model.</param>
    /// <param name="head">Head and loss.</param>
    /// <param name="tensors">The batch.</param>
    /// <param name="seed">Seed of dropout.</param>
    /// <returns>The sum of the losses, float32 [].</returns>
    public static Tensor Run(T5GemmaForConditionalGeneration model, ChunkedHead head, Seq2SeqTensors tensors, ulong seed)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(new SegmentedBackward(model, head, tensors, seed).Run(tensors));
    }

    private Tensor Run(Seq2SeqTensors tensors)
    {
        var (encoderStates, encoderPass, encoded) = ForwardEncoder();
        var (decoderStates, decoderPass) = ForwardDecoder(encoded);

        var last = Leaf(decoderStates.Pop());
        Seed(DecoderEnd);
        var loss = _head.Sum(Decoder.End(last), tensors.Positions, tensors.Targets, tensors.TeacherStates, tensors.Kinds);
        if (tensors.Targets.numel() == 0)
            return loss;
        var encodedGradient = zeros_like(encoded);
        var gradient = BackwardDecoder(decoderStates, decoderPass, last.grad!, encodedGradient); // the loss depends on it
        Seed(DecoderStart);
        Backward(Decoder.Begin(_decoderInputs with { EncoderHiddenStates = encoded }).HiddenStates, gradient);

        var lastEncoded = Leaf(encoderStates.Pop());
        Seed(EncoderEnd);
        Encoder.End(lastEncoded).backward([encodedGradient]);
        gradient = BackwardEncoder(encoderStates, encoderPass, lastEncoded.grad!);
        Seed(0);
        Backward(Encoder.Begin(_encoderInputs).HiddenStates, gradient);
        return loss;
    }

    // Embeddings may be frozen.
    private static void Backward(Tensor output, Tensor gradient)
    {
        if (output.requires_grad)
            output.backward([gradient]);
    }

    private static Tensor Leaf(Tensor tensor) => tensor.detach().requires_grad_();

    private void Seed(int part) => DropoutSeed.Set(_seed, part, _model.Device);

    /// <summary>Returns the input of each layer, with the last layer's output on top, and the encoder's result.</summary>
    private (Stack<Tensor> States, EncoderPass Pass, Tensor Encoded) ForwardEncoder()
    {
        using var noGrad = no_grad();
        Seed(0);
        var (hiddenStates, pass) = Encoder.Begin(_encoderInputs);
        var states = new Stack<Tensor>([hiddenStates]);
        for (var index = 0; index < Encoder.Layers.Count; index++)
        {
            Seed(1 + index);
            states.Push(Encoder.Layers[index].call(pass.InputsOf(Encoder.Layers[index], states.Peek())).HiddenStates);
        }

        Seed(EncoderEnd);
        return (states, pass, Encoder.End(states.Peek()));
    }

    private (Stack<Tensor> States, DecoderPass Pass) ForwardDecoder(Tensor encoded)
    {
        using var noGrad = no_grad();
        Seed(DecoderStart);
        var (hiddenStates, pass) = Decoder.Begin(_decoderInputs with { EncoderHiddenStates = encoded });
        var states = new Stack<Tensor>([hiddenStates]);
        for (var index = 0; index < Decoder.Layers.Count; index++)
        {
            Seed(DecoderStart + 1 + index);
            states.Push(Decoder.Layers[index].call(pass.InputsOf(Decoder.Layers[index], states.Peek())).HiddenStates);
        }

        return (states, pass);
    }

    /// <summary>Returns the gradient of the first layer's input; adds the encoder's to <paramref name="encodedGradient"/>.</summary>
    private Tensor BackwardDecoder(Stack<Tensor> states, DecoderPass pass, Tensor gradient, Tensor encodedGradient)
    {
        for (var index = (int)Decoder.Layers.Count - 1; index >= 0; index--)
        {
            using var scope = NewDisposeScope();
            using var state = states.Pop();
            var (input, encoded) = (Leaf(state), Leaf(pass.EncoderHiddenStates));
            Seed(DecoderStart + 1 + index);
            var layer = Decoder.Layers[index];
            var output = layer.call((pass with { EncoderHiddenStates = encoded }).InputsOf(layer, input)).HiddenStates;
            output.backward([gradient]);
            encodedGradient.add_(encoded.grad!); // every layer reads the encoder
            gradient.Dispose();
            gradient = scope.MoveToOuter(input.grad!);
        }

        return gradient;
    }

    /// <summary>Returns the gradient of the first layer's input.</summary>
    private Tensor BackwardEncoder(Stack<Tensor> states, EncoderPass pass, Tensor gradient)
    {
        for (var index = (int)Encoder.Layers.Count - 1; index >= 0; index--)
        {
            using var scope = NewDisposeScope();
            using var state = states.Pop();
            var input = Leaf(state);
            Seed(1 + index);
            Encoder.Layers[index].call(pass.InputsOf(Encoder.Layers[index], input)).HiddenStates.backward([gradient]);
            gradient.Dispose();
            gradient = scope.MoveToOuter(input.grad!);
        }

        return gradient;
    }
}
