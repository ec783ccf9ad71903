using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>
/// Forward and backward pass of an encoder-decoder, layer by layer: the forward pass keeps the input of each layer only, the backward pass computes each layer again. It
/// costs about one more forward pass, and the memory of all activations shrinks to that of one layer. Layers below everything that is trained run once, without their inputs being kept.
/// </summary>
/// <remarks>HF: <c>gradient_checkpointing_enable</c>.</remarks>
internal sealed class SegmentedBackward
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly ChunkedHead _head;
    private readonly T5GemmaEncoderInputs _encoderInputs;
    private readonly T5GemmaDecoderInputs _decoderInputs; // without the encoder's states, which come later
    private readonly ulong _seed;
    private readonly IGradientReceiver? _receiver;
    private readonly Parameter _table; // the decoder's, as optimizers know it: the property makes a new object each time
    private readonly TrainedDepth _depth;
    private readonly int _lowestEncoderLayer; // that the backward pass comes to; as many as there are layers: none
    private readonly int _lowestDecoderLayer;

    private SegmentedBackward(T5GemmaForConditionalGeneration model, ChunkedHead head, Seq2SeqTensors tensors, ulong seed, IGradientReceiver? receiver)
    {
        (_model, _head, _seed, _receiver) = (model, head, seed, receiver);
        _table = Decoder.EmbedTokens.parameters().Single();
        _depth = TrainedDepth.Of(model);
        _lowestEncoderLayer = LowestLayer(_depth.Encoder, Encoder.Layers.Count);
        _lowestDecoderLayer = TrainsEncoder ? 0 : LowestLayer(_depth.Decoder, Decoder.Layers.Count); // every layer leads to the encoder
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

    private bool TrainsEncoder => _depth.Encoder <= Encoder.Layers.Count + 1;

    // Each part that drops elements has a number, the same in both passes.
    private int EncoderEnd => 1 + (int)Encoder.Layers.Count;

    private int DecoderStart => EncoderEnd + 1;

    private int DecoderEnd => DecoderStart + 1 + (int)Decoder.Layers.Count;

    /// <summary>Adds the gradients of the summed loss to the parameters.</summary>
    /// <param name="model">The model.</param>
    /// <param name="head">Head and loss.</param>
    /// <param name="tensors">The batch.</param>
    /// <param name="seed">Seed of dropout.</param>
    /// <param name="receiver">Takes the gradients of each part when they are whole; null: they stay.</param>
    /// <returns>The sum of the losses, float32 [].</returns>
    public static Tensor Run(T5GemmaForConditionalGeneration model, ChunkedHead head, Seq2SeqTensors tensors, ulong seed, IGradientReceiver? receiver = null)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(new SegmentedBackward(model, head, tensors, seed, receiver).Run(tensors));
    }

    private Tensor Run(Seq2SeqTensors tensors)
    {
        var (encoderStates, encoderPass, encoded) = ForwardEncoder();
        var (decoderStates, decoderPass) = ForwardDecoder(encoded);

        var last = decoderStates.Pop();
        if (_lowestDecoderLayer < Decoder.Layers.Count)
            last = Leaf(last);
        Seed(DecoderEnd);
        var loss = _head.Sum(Decoder.End(last), tensors.Positions, tensors.Targets, tensors.Teacher, tensors.Kinds);
        if (_receiver?.Accepts(loss) == false || tensors.Targets.numel() == 0)
            return loss;
        _receiver?.Take(_table); // tied with the head, it is used once more
        if (_lowestDecoderLayer == Decoder.Layers.Count)
            return loss;

        var encodedGradient = TrainsEncoder ? zeros_like(encoded) : null;
        var gradient = BackwardDecoder(decoderStates, decoderPass, last.grad!, encodedGradient); // the loss depends on it
        if (_depth.Decoder == 0)
        {
            Seed(DecoderStart);
            Decoder.Begin(_decoderInputs with { EncoderHiddenStates = encoded }).HiddenStates.backward([gradient]);
            _receiver?.Take();
        }

        if (encodedGradient is not null)
            BackwardEncoder(encoderStates, encoderPass, encodedGradient);
        return loss;
    }

    private static int LowestLayer(int part, long layers) => (int)Math.Min(Math.Max(0, part - 1), layers);

    private static Tensor Leaf(Tensor tensor) => tensor.detach().requires_grad_();

    private void Seed(int part) => DropoutSeed.Set(_seed, part, _model.Device);

    /// <summary>Returns the inputs of the layers that are computed again, with the last layer's output on top, and the encoder's result.</summary>
    private (Stack<Tensor> States, EncoderPass Pass, Tensor Encoded) ForwardEncoder()
    {
        using var noGrad = no_grad();
        Seed(0);
        var (hiddenStates, pass) = Encoder.Begin(_encoderInputs);
        var states = Forward(hiddenStates, Encoder.Layers.Count, _lowestEncoderLayer, firstPart: 1, (index, input) => Encoder.Layers[index].call(pass.InputsOf(Encoder.Layers[index], input)).HiddenStates);
        Seed(EncoderEnd);
        return (states, pass, Encoder.End(states.Peek()));
    }

    private (Stack<Tensor> States, DecoderPass Pass) ForwardDecoder(Tensor encoded)
    {
        using var noGrad = no_grad();
        Seed(DecoderStart);
        var (hiddenStates, pass) = Decoder.Begin(_decoderInputs with { EncoderHiddenStates = encoded });
        return (Forward(hiddenStates, Decoder.Layers.Count, _lowestDecoderLayer, DecoderStart + 1, (index, input) => Decoder.Layers[index].call(pass.InputsOf(Decoder.Layers[index], input)).HiddenStates), pass);
    }

    private Stack<Tensor> Forward(Tensor hiddenStates, long layers, int lowest, int firstPart, Func<int, Tensor, Tensor> call)
    {
        var states = new Stack<Tensor>();
        for (var index = 0; index < layers; index++)
        {
            Seed(firstPart + index);
            var output = call(index, hiddenStates);
            if (index < lowest)
                hiddenStates.Dispose(); // nothing below is trained
            else
                states.Push(hiddenStates);
            hiddenStates = output;
        }

        states.Push(hiddenStates);
        return states;
    }

    /// <summary>Returns the gradient of the lowest layer's input; adds the encoder's to <paramref name="encodedGradient"/> unless it is null.</summary>
    private Tensor BackwardDecoder(Stack<Tensor> states, DecoderPass pass, Tensor gradient, Tensor? encodedGradient)
        => Backward(states, Decoder.Layers.Count, _lowestDecoderLayer, DecoderStart + 1, gradient, (index, input, outputGradient) =>
        {
            var encoded = encodedGradient is null ? pass.EncoderHiddenStates : Leaf(pass.EncoderHiddenStates);
            var layer = Decoder.Layers[index];
            layer.call((pass with { EncoderHiddenStates = encoded }).InputsOf(layer, input)).HiddenStates.backward([outputGradient]);
            encodedGradient?.add_(encoded.grad!); // every layer reads the encoder
        });

    private void BackwardEncoder(Stack<Tensor> states, EncoderPass pass, Tensor encodedGradient)
    {
        var last = states.Pop();
        if (_lowestEncoderLayer < Encoder.Layers.Count)
            last = Leaf(last);
        Seed(EncoderEnd);
        Encoder.End(last).backward([encodedGradient]);
        _receiver?.Take();
        if (_lowestEncoderLayer == Encoder.Layers.Count)
            return;
        var gradient = Backward(states, Encoder.Layers.Count, _lowestEncoderLayer, firstPart: 1, last.grad!, (index, input, outputGradient) =>
            Encoder.Layers[index].call(pass.InputsOf(Encoder.Layers[index], input)).HiddenStates.backward([outputGradient]));
        if (_depth.Encoder > 0)
            return;
        Seed(0);
        Encoder.Begin(_encoderInputs).HiddenStates.backward([gradient]);
        _receiver?.Take();
    }

    /// <summary>Goes through layers from last to lowest; returns the gradient of the lowest one's input.</summary>
    private Tensor Backward(Stack<Tensor> states, long layers, int lowest, int firstPart, Tensor gradient, Action<int, Tensor, Tensor> layer)
    {
        for (var index = (int)layers - 1; index >= lowest; index--)
        {
            using (var scope = NewDisposeScope())
            {
                using var state = states.Pop();
                var input = Leaf(state);
                Seed(firstPart + index);
                layer(index, input, gradient);
                gradient.Dispose();
                gradient = scope.MoveToOuter(input.grad!);
            }

            _receiver?.Take(_table);
        }

        return gradient;
    }
}
