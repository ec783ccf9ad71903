using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Quantization;

/// <summary>The quantized matrices of a model's decoder.</summary>
internal sealed class QuantizedWeights : IDisposable
{
    private const string HeadName = "lm_head.out_proj";
    private const string ValuesSuffix = ".weight_quantized";
    private const string ScalesSuffix = ".weight_scale";

    private readonly Dictionary<Linear, QuantizedLinear> _linears = new(ReferenceEqualityComparer.Instance);

    private QuantizedWeights(WeightQuantization quantization) => Quantization = quantization;

    public WeightQuantization Quantization { get; }

    /// <summary>The head of a model that ties it to the embeddings; null: the head is a linear layer of its own.</summary>
    /// <remarks>The table itself stays for the embeddings: a step reads one row of it, exactly, and all of the head.</remarks>
    public QuantizedMatrix? TiedHead { get; private set; }

    /// <summary>Keys of the weights that the model has no values of.</summary>
    public IEnumerable<string> ReplacedKeys => _linears.Values.Select(linear => $"{linear.Name}.weight");

    /// <summary>Bytes of all integers and scales: what a step reads of matrices.</summary>
    public long SizeInBytes => Matrices().Sum(pair => pair.Matrix.SizeInBytes);

    /// <summary>Number of the weights that the model has no values of.</summary>
    public long ReplacedElements => _linears.Values.Sum(linear => linear.Matrix.Outputs * linear.Matrix.Inputs);

    /// <summary>Quantizes a model's weights, each of which is freed before the next.</summary>
    public static (QuantizedWeights Weights, QuantizationReport Report) Quantize(T5GemmaForConditionalGeneration model, WeightQuantization quantization)
    {
        var found = new List<QuantizedWeight>();
        var weights = Build(model, quantization, (name, weight) =>
        {
            var matrix = QuantizedMatrix.Quantize(weight, quantization, out var error);
            found.Add(new QuantizedWeight(name, weight.NumberOfElements * weight.ElementSize, matrix.SizeInBytes, error));
            return matrix;
        });
        return (weights, new QuantizationReport(quantization, found));
    }

    /// <summary>Makes room for the quantized weights of a checkpoint.</summary>
    public static QuantizedWeights Empty(T5GemmaForConditionalGeneration model, WeightQuantization quantization)
        => Build(model, quantization, (_, weight) => QuantizedMatrix.Empty(quantization, weight.size(0), weight.size(1), weight.device));

    /// <summary>The matrix of a layer; null: it is not quantized.</summary>
    public QuantizedMatrix? Of(Linear linear) => _linears.GetValueOrDefault(linear)?.Matrix;

    /// <summary>The tensors by the keys of a checkpoint.</summary>
    public IEnumerable<(string Key, Tensor Tensor)> Tensors()
        => Matrices().SelectMany(pair => new[] { (pair.Name + ValuesSuffix, pair.Matrix.Values), (pair.Name + ScalesSuffix, pair.Matrix.Scales) });

    /// <summary>Moves to the device of the model.</summary>
    public void To(Device device)
    {
        foreach (var (_, matrix) in Matrices())
            matrix.To(device);
    }

    public void Dispose()
    {
        foreach (var (_, matrix) in Matrices())
            matrix.Dispose();
    }

    private static QuantizedWeights Build(T5GemmaForConditionalGeneration model, WeightQuantization quantization, Func<string, Tensor, QuantizedMatrix> make)
    {
        var weights = new QuantizedWeights(quantization);
        try
        {
            foreach (var (name, linear) in Layers(model))
                weights._linears.Add(linear, new QuantizedLinear(name, linear, make(name, linear.weight)));
            if (model.LmHead.OutProj is null)
                weights.TiedHead = make(HeadName, model.Model.Decoder.EmbedTokens.weight!); // an embedding has a weight
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static IEnumerable<(string Name, Linear Linear)> Layers(T5GemmaForConditionalGeneration model)
    {
        var layers = model.Model.Decoder.Layers;
        for (var index = 0; index < layers.Count; index++)
        {
            var (layer, prefix) = (layers[index], $"model.decoder.layers.{index}");
            yield return ($"{prefix}.self_attn.q_proj", layer.SelfAttn.QProj);
            yield return ($"{prefix}.self_attn.k_proj", layer.SelfAttn.KProj);
            yield return ($"{prefix}.self_attn.v_proj", layer.SelfAttn.VProj);
            yield return ($"{prefix}.self_attn.o_proj", layer.SelfAttn.OProj);
            yield return ($"{prefix}.cross_attn.q_proj", layer.CrossAttn.QProj);
            yield return ($"{prefix}.cross_attn.o_proj", layer.CrossAttn.OProj);
            yield return ($"{prefix}.mlp.gate_proj", layer.Mlp.GateProj);
            yield return ($"{prefix}.mlp.up_proj", layer.Mlp.UpProj);
            yield return ($"{prefix}.mlp.down_proj", layer.Mlp.DownProj);
        }
        if (model.LmHead.OutProj is { } head)
            yield return (HeadName, head);
    }

    private IEnumerable<(string Name, QuantizedMatrix Matrix)> Matrices()
    {
        var matrices = _linears.Values.Select(linear => (linear.Name, linear.Matrix));
        return TiedHead is { } head ? matrices.Append((HeadName, head)) : matrices;
    }
}
