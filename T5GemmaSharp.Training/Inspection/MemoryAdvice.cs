namespace T5GemmaSharp.Training.Inspection;

/// <summary>Which settings take less memory.</summary>
internal static class MemoryAdvice
{
    public const string OfActivations = "a smaller --micro-batch-size or --micro-batch-tokens, or --gradient-checkpointing, lowers the activations";
    public const string OfParameters = "--lora-r, --optimizer Adafactor, or --release-gradients with --gradient-checkpointing lowers gradients and optimizer, --dtype bfloat16 the weights";
}
