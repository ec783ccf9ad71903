using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>
/// Forward and backward pass of an encoder, or of encoder and decoder, layer by layer: the forward pass keeps the input of each layer only, the backward pass computes each
/// layer again. It costs about one more forward pass, and the memory of all activations shrinks to that of one layer. Layers below everything that is trained run once, without
/// their inputs being kept. Or each layer's graph is kept, so that nothing is computed again, and the layers only have their gradients one after the other.
/// </summary>
/// <remarks>HF: <c>gradient_checkpointing_enable</c>.</remarks>
internal sealed class SegmentedBackward
{
    private readonly T5GemmaEncoder _encoder;
    private readonly T5GemmaInputs _inputs;
    private readonly Func<Tensor, Tensor> _head;
    private readonly ulong _seed;
    private readonly IGradientReceiver? _receiver;
    private readonly Parameter? _table; // the decoder's, as optimizers know it: the property makes a new object each time
    private readonly TrainedDepth _depth;
    private readonly int _lowestEncoderLayer; // that the backward pass comes to; as many as there are layers: none
    private readonly int _lowestDecoderLayer;
    private readonly bool _keepsGraphs;

    private SegmentedBackward((T5GemmaEncoder Encoder, T5GemmaDecoder? Decoder) stacks, T5GemmaInputs inputs, Func<Tensor, Tensor> head, TrainedDepth depth, ulong seed, IGradientReceiver? receiver, bool keepsGraphs)
    {
        (_encoder, _inputs, _head, _depth, _seed, _receiver, _keepsGraphs) = (stacks.Encoder, inputs, head, depth, seed, receiver, keepsGraphs);
        _table = stacks.Decoder?.EmbedTokens.parameters().Single();
        _lowestEncoderLayer = LowestLayer(_depth.Encoder, _encoder.Layers.Count);
        _lowestDecoderLayer = stacks.Decoder is null || TrainsEncoder ? 0 : LowestLayer(_depth.Decoder, stacks.Decoder.Layers.Count); // every layer leads to the encoder
    }

    private bool TrainsEncoder => _depth.Encoder <= _encoder.Layers.Count + 1;

    // Each part that drops elements has a number, the same in both passes.
    private int EncoderEnd => 1 + (int)_encoder.Layers.Count;

    private int DecoderStart => EncoderEnd + 1;

    /// <summary>Adds the gradients of the summed loss to the parameters.</summary>
    /// <param name="model">The model, whose parameters and those of its adapter tell how deep the pass has to go.</param>
    /// <param name="stacks">Its encoder and decoder; without a decoder the head reads the encoder.</param>
    /// <param name="inputs">Arguments of both stacks.</param>
    /// <param name="head">Head and loss: takes the last hidden state [B, T, D], adds the gradients of the summed loss to what it comes from, returns the sum, float32 [], without graph.</param>
    /// <param name="seed">Seed of dropout.</param>
    /// <param name="receiver">Takes the gradients of each part when they are whole; null: they stay.</param>
    /// <param name="keepsGraphs">Whether the layers' graphs are kept, and nothing is computed again; the draws of dropout are then those of a pass in one.</param>
    /// <returns>The sum of the losses, float32 [].</returns>
    public static Tensor Run<TOutput>(
        T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model,
        (T5GemmaEncoder Encoder, T5GemmaDecoder? Decoder) stacks,
        T5GemmaInputs inputs,
        Func<Tensor, Tensor> head,
        ulong seed,
        IGradientReceiver? receiver = null,
        bool keepsGraphs = false)
    {
        using var scope = NewDisposeScope();
        var pass = new SegmentedBackward(stacks, inputs, head, TrainedDepth.Of(model, stacks), seed, receiver, keepsGraphs);
        return scope.MoveToOuter(stacks.Decoder is { } decoder ? pass.RunBoth(decoder) : pass.RunEncoder());
    }

    private Tensor RunEncoder()
    {
        var (start, states, pass) = ForwardEncoder();
        var last = Last(states, _lowestEncoderLayer, _encoder.Layers.Count);
        Seed(EncoderEnd);
        var (loss, gradient) = Head(_encoder.End(last), last);
        if (gradient is not null)
            BackwardEncoder(start, states, pass, gradient);
        return loss;
    }

    private Tensor RunBoth(T5GemmaDecoder decoder)
    {
        var (encoderStart, encoderStates, encoderPass) = ForwardEncoder();
        var lastEncoded = Last(encoderStates, _lowestEncoderLayer, _encoder.Layers.Count);
        var encodedOutput = Encoded(lastEncoded);
        var encoded = _keepsGraphs && TrainsEncoder ? Leaf(encodedOutput) : encodedOutput;
        var (decoderStart, decoderStates, decoderPass) = ForwardDecoder(decoder, encoded);

        var last = Last(decoderStates, _lowestDecoderLayer, decoder.Layers.Count);
        Seed(DecoderStart + 1 + (int)decoder.Layers.Count);
        var (loss, gradient) = Head(decoder.End(last), last);
        if (gradient is null)
            return loss;
        var encodedGradient = TrainsEncoder && !_keepsGraphs ? zeros_like(encoded) : null;
        BackwardDecoder(decoder, decoderStart, decoderStates, decoderPass, gradient, encodedGradient);
        if (!TrainsEncoder)
            return loss;

        Seed(EncoderEnd);
        Backward(_keepsGraphs ? encodedOutput : _encoder.End(lastEncoded), encodedGradient ?? encoded.grad!); // every layer of the decoder reads it
        _receiver?.Take();
        if (lastEncoded.grad is { } encoderGradient)
            BackwardEncoder(encoderStart, encoderStates, encoderPass, encoderGradient);
        return loss;
    }

    /// <summary>The loss, and the gradient of the last layer's output; null: the pass ends, since nothing below is trained, there are no targets, or the receiver refuses.</summary>
    private (Tensor Loss, Tensor? Gradient) Head(Tensor states, Tensor last)
    {
        var loss = _head(states);
        if (_receiver?.Accepts(loss) == false)
            return (loss, null);
        _receiver?.Take(_table); // tied with the head, it is used once more
        return (loss, last.grad);
    }

    private static int LowestLayer(int part, long layers) => (int)Math.Min(Math.Max(0, part - 1), layers);

    /// <summary>The last layer's output, a leaf if the backward pass goes through layers.</summary>
    private static Tensor Last(Stack<LayerState> states, int lowest, long layers) => lowest < layers ? Leaf(states.Pop().Input) : states.Pop().Input;

    private static Tensor Leaf(Tensor tensor) => tensor.detach().requires_grad_();

    private static void Backward(Tensor output, Tensor gradient)
    {
        output.backward([gradient]);
        BackwardFault.Rethrow();
    }

    // Parts that are not computed again draw in one series.
    private void Seed(int part)
    {
        if (part == 0 || !_keepsGraphs)
            DropoutSeed.Set(_seed, part, _inputs.InputIds!.device);
    }

    private IDisposable? WithoutGraphs() => _keepsGraphs ? null : no_grad();

    /// <summary>Returns the embeddings, and what is kept of the layers, with the last one's output on top.</summary>
    private (Tensor Start, Stack<LayerState> States, EncoderPass Pass) ForwardEncoder()
    {
        using var noGrad = WithoutGraphs();
        Seed(0);
        var (hiddenStates, pass) = _encoder.Begin(_inputs.ForEncoder());
        return (hiddenStates, Forward(hiddenStates, _encoder.Layers.Count, _lowestEncoderLayer, firstPart: 1, (index, input) => _encoder.Layers[index].call(pass.InputsOf(_encoder.Layers[index], input)).HiddenStates), pass);
    }

    private Tensor Encoded(Tensor last)
    {
        using var noGrad = WithoutGraphs();
        Seed(EncoderEnd);
        return _encoder.End(last);
    }

    private (Tensor Start, Stack<LayerState> States, DecoderPass Pass) ForwardDecoder(T5GemmaDecoder decoder, Tensor encoded)
    {
        using var noGrad = WithoutGraphs();
        Seed(DecoderStart);
        var (hiddenStates, pass) = decoder.Begin(_inputs.ForDecoder(encoded));
        return (hiddenStates, Forward(hiddenStates, decoder.Layers.Count, _lowestDecoderLayer, DecoderStart + 1, (index, input) => decoder.Layers[index].call(pass.InputsOf(decoder.Layers[index], input)).HiddenStates), pass);
    }

    private Stack<LayerState> Forward(Tensor hiddenStates, long layers, int lowest, int firstPart, Func<int, Tensor, Tensor> call)
    {
        var states = new Stack<LayerState>();
        for (var index = 0; index < layers; index++)
        {
            Seed(firstPart + index);
            if (_keepsGraphs && index >= lowest)
            {
                var input = Leaf(hiddenStates);
                var kept = call(index, input);
                states.Push(new LayerState(input, kept));
                hiddenStates = kept.detach();
                continue;
            }

            var output = call(index, hiddenStates);
            if (index < lowest)
                hiddenStates.Dispose(); // nothing below is trained
            else
                states.Push(new LayerState(hiddenStates));
            hiddenStates = output;
        }

        states.Push(new LayerState(hiddenStates));
        return states;
    }

    /// <summary>Takes the gradient from the last layer's output to the lowest part that is trained; adds the encoder's to <paramref name="encodedGradient"/> unless it is null.</summary>
    private void BackwardDecoder(T5GemmaDecoder decoder, Tensor start, Stack<LayerState> states, DecoderPass pass, Tensor gradient, Tensor? encodedGradient)
    {
        gradient = Backward(states, decoder.Layers.Count, _lowestDecoderLayer, DecoderStart + 1, gradient, (index, input, outputGradient) =>
        {
            var encoded = encodedGradient is null ? pass.EncoderHiddenStates : Leaf(pass.EncoderHiddenStates);
            var layer = decoder.Layers[index];
            Backward(layer.call((pass with { EncoderHiddenStates = encoded }).InputsOf(layer, input)).HiddenStates, outputGradient);
            encodedGradient?.add_(encoded.grad!); // every layer reads the encoder
        });
        if (_depth.Decoder > 0)
            return;
        Seed(DecoderStart);
        Backward(_keepsGraphs ? start : decoder.Begin(_inputs.ForDecoder(pass.EncoderHiddenStates)).HiddenStates, gradient);
        _receiver?.Take();
    }

    /// <summary>Takes the gradient from the last layer's output to the lowest part that is trained.</summary>
    private void BackwardEncoder(Tensor start, Stack<LayerState> states, EncoderPass pass, Tensor gradient)
    {
        gradient = Backward(states, _encoder.Layers.Count, _lowestEncoderLayer, firstPart: 1, gradient, (index, input, outputGradient) =>
            Backward(_encoder.Layers[index].call(pass.InputsOf(_encoder.Layers[index], input)).HiddenStates, outputGradient));
        if (_depth.Encoder > 0)
            return;
        Seed(0);
        Backward(_keepsGraphs ? start : _encoder.Begin(_inputs.ForEncoder()).HiddenStates, gradient);
        _receiver?.Take();
    }

    /// <summary>Goes through layers from last to lowest; returns the gradient of the lowest one's input.</summary>
    private Tensor Backward(Stack<LayerState> states, long layers, int lowest, int firstPart, Tensor gradient, Action<int, Tensor, Tensor> layer)
    {
        for (var index = (int)layers - 1; index >= lowest; index--)
        {
            using (var scope = NewDisposeScope())
            {
                var state = states.Pop();
                using var kept = state.Input;
                using var output = state.Output;
                var input = output is null ? Leaf(kept) : kept;
                Seed(firstPart + index);
                if (output is null)
                    layer(index, input, gradient);
                else
                    Backward(output, gradient);
                gradient.Dispose();
                gradient = scope.MoveToOuter(input.grad!);
            }

            _receiver?.Take(_table);
        }

        return gradient;
    }
}
