using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>The encoder's maths with few operations a layer: torch's matrix products, and one operation for all that lies between two of them. Hidden states are float32 throughout.</summary>
internal sealed class EncoderStack(T5GemmaEncoder encoder, T5GemmaModuleConfig config, IEncoderOperations operations)
{
    /// <summary>Encodes a batch.</summary>
    /// <param name="embeddings">Scaled embeddings [B, S, D].</param>
    /// <param name="input">Mask, positions, wanted outputs.</param>
    /// <returns>Tensors of the caller's dispose scope, in the dtype of the embeddings.</returns>
    public BaseModelOutput Run(Tensor embeddings, T5GemmaEncoderInputs input)
    {
        using var scope = NewDisposeScope();
        var (batch, length, rows) = (embeddings.size(0), embeddings.size(1), embeddings.size(0) * embeddings.size(1));
        InputChecks.Positions(input.PositionIds, batch, length, "positionIds");
        var mask = operations.Mask(AttentionMasks.EncoderPadding(input.AttentionMask, input.InputIds, batch, length, config)?.ne(0), batch, length);
        var hidden = torch.empty([rows, config.HiddenSize], dtype: ScalarType.Float32, device: embeddings.device);
        hidden.copy_(embeddings.view(rows, config.HiddenSize));
        var positionIds = input.PositionIds ?? torch.arange(length, dtype: ScalarType.Int64, device: embeddings.device).unsqueeze(0); // [1, S]
        var (cos, sin) = encoder.RotaryEmb.call(hidden, positionIds);
        var pass = new Pass(hidden, torch.empty([rows, config.HiddenSize], dtype: embeddings.dtype, device: embeddings.device), mask, cos, sin, length);

        var recorder = new StateRecorder(input.OutputHiddenStates, attentions: false);
        operations.Normalize(update: null, hidden, encoder.Layers[0].PreSelfAttnLayernorm.Weight, pass.Normalized);
        for (var index = 0; index < encoder.Layers.Count; index++)
        {
            if (input.OutputHiddenStates)
                recorder.Layer(hidden.to(embeddings.dtype, copy: true).view(embeddings.shape), weights: null);
            var next = index + 1 < encoder.Layers.Count ? encoder.Layers[index + 1].PreSelfAttnLayernorm : encoder.Norm;
            Attend(encoder.Layers[index], pass);
            Transform(encoder.Layers[index], next, pass);
        }
        var result = pass.Normalized.view(embeddings.shape);
        recorder.Last(result);
        recorder.MoveToOuter(scope);
        return new() { LastHiddenState = scope.MoveToOuter(result), HiddenStates = recorder.HiddenStates };
    }

    private static Tensor Project(Linear projection, Tensor states) => nn.functional.linear(states, projection.weight!); // every projection has a weight

    private void Attend(T5GemmaEncoderLayer layer, Pass pass)
    {
        var attention = layer.SelfAttn;
        using var queries = Project(attention.QProj, pass.Normalized);
        using var keys = Project(attention.KProj, pass.Normalized);
        using var values = Project(attention.VProj, pass.Normalized);
        operations.Rotate(queries, keys, pass.Cos, pass.Sin);
        var window = layer.AttentionType == LayerType.SlidingAttention && pass.Length > config.SlidingWindow ? config.SlidingWindow : null;
        operations.Attend(queries, keys, values, pass.Mask, pass.Length, window);
        using var attended = Project(attention.OProj, queries);
        operations.Normalize((attended, layer.PostSelfAttnLayernorm.Weight), pass.Hidden, layer.PreFeedforwardLayernorm.Weight, pass.Normalized);
    }

    private void Transform(T5GemmaEncoderLayer layer, T5GemmaRMSNorm next, Pass pass)
    {
        using var gates = Project(layer.Mlp.GateProj, pass.Normalized);
        using var values = Project(layer.Mlp.UpProj, pass.Normalized);
        operations.Gate(gates, values);
        using var transformed = Project(layer.Mlp.DownProj, gates);
        operations.Normalize((transformed, layer.PostFeedforwardLayernorm.Weight), pass.Hidden, next.Weight, pass.Normalized);
    }

    /// <summary>What the layers share: hidden states and their norm [M, D], the mask, the tables of the positions, the length of a source.</summary>
    private sealed record Pass(Tensor Hidden, Tensor Normalized, Tensor Mask, Tensor Cos, Tensor Sin, long Length);
}
